import { expect, test } from 'vitest';
import { capabilities, capabilitiesAsTraits, traitOfCapability } from './capabilities.ts';

test('knows every capability of Nova and announces those that the driver has', () => {
  expect(Object.keys(capabilities)).toHaveLength(36);
  expect(Object.entries(capabilities).filter(([, isOffered]) => isOffered)).toEqual([
    ['supports_evacuate', true],
    ['supports_attach_interface', true],
    ['supports_extend_volume', true],
    ['supports_multiattach', true],
    ['supports_bfv_rescue', true],
  ]);
});

test('returns a trait for each capability that has one, true or false', () => {
  const traits = capabilitiesAsTraits(capabilities);

  const known = Object.values(traitOfCapability).filter((trait) => trait !== null);
  expect(Object.keys(traits).toSorted()).toEqual(known.toSorted());
  expect(traits).toMatchObject({
    COMPUTE_VOLUME_EXTEND: true,
    COMPUTE_NET_ATTACH_INTERFACE: true,
    COMPUTE_TRUSTED_CERTS: false,
  });
});

test('omits the traits of capabilities that a driver does not mention', () => {
  expect(capabilitiesAsTraits({ supports_multiattach: true, has_imagecache: false })).toEqual({
    COMPUTE_VOLUME_MULTI_ATTACH: true,
  });
});
