import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lunSchema, wwpnSchema } from '../../src/base/index.ts';
import { decodeGuestParameters, encodeGuestParameters } from '../../src/partition/guest-parameters/index.ts';
import type { GuestNic } from '../../src/partition/guest-parameters/index.ts';
import { FakeGuest, shells } from './fake-guest.ts';

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: digits, maxLength: digits });
const wwpn = fc.oneof(
  fc.constantFrom('5005076802160417', '5005076802260417'),
  hex(16).filter((text) => !/^0+$/.test(text)),
);
const lun = fc.oneof(hex(4), hex(8), hex(12), hex(16)).map((text) => lunSchema.parse(text.padEnd(16, '0')));
const path = fc.record({
  deviceNumber: fc.constantFrom('8001', '8002', '00fe'),
  targetWwpn: wwpn.map((text) => wwpnSchema.parse(text)),
  lun,
});
const volumes = fc.uniqueArray(
  fc.record({ volumeId: fc.uuid(), paths: fc.array(path, { minLength: 1, maxLength: 4 }) }),
  {
    selector: ({ volumeId }) => volumeId,
    maxLength: 12,
  },
);
const nics = fc.array(
  fc.record(
    {
      deviceNumber: hex(4),
      port: fc.constantFrom(0 as const, 1 as const),
      mac: hex(12),
      addresses: fc.record({
        addresses: fc.array(
          fc.tuple(fc.ipV4(), fc.nat(32)).map((parts) => parts.join('/')),
          { minLength: 1, maxLength: 2 },
        ),
        gateways: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 1 }),
        dns: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 2 }),
      }),
    },
    { requiredKeys: ['deviceNumber', 'port'] },
  ),
  { maxLength: 4 },
);
const otherText = fc.constantFrom('', 'quiet', 'root=LABEL=* rd.zdev=no-auto', '=a  b\tc', 'dpm.zz=1 dpm.y=8001 XX');
const encoded = fc
  .record({ volumes, nics, otherText })
  .map((given) => encodeGuestParameters(given))
  .map(({ text }) => text);

/** What a newer driver might write, and what no driver would. */
const newerField = encoded.map((text) =>
  text.replaceAll(/(dpm\.z=\S+?)(\/|$)/g, '$1:ro+x:=9$2').replaceAll(/(dpm\.n=\S+)/g, '$1/0009:1:02fa00000001:vlan7'),
);
const damaged = fc
  .tuple(encoded, fc.nat(255), fc.constantFrom('', ':', '+', '/', '0', 'G', ' ', '*', '++', '//', 'dpm.z=', ' dpm.n='))
  .map(([text, at, what]) => text.slice(0, at) + what + text.slice(at + 1));
const twice = encoded.map((text) => `${text} ${text}`);

const texts = fc.sample(fc.oneof(encoded, newerField, damaged, twice), { numRuns: 400, seed: 20261121 });

it('the samples hold what they are meant to hold', () => {
  const read = texts.map((text) => decodeGuestParameters(text));

  expect(read.filter(({ paths }) => paths.length > 3).length).toBeGreaterThan(100);
  expect(read.filter((each) => each.nics.length > 0).length).toBeGreaterThan(100);
  expect(read.filter(({ ignored }) => ignored.length > 0).length).toBeGreaterThan(10);
  expect(texts.filter((text) => text.includes(':ro+x')).length).toBeGreaterThan(50);
});

it.each(shells)(
  'the decoder of the guest tools, in %s, reads 400 generated texts as the driver does',
  (_name, shell) => {
    using guest = new FakeGuest(shell, { devices: {} });
    guest.write('/texts', texts.map((text) => `${text.replaceAll('\n', ' ')}\n`).join(''));

    const output = guest.script(
      `while IFS= read -r text; do
       paths=$(dpm_told_paths "$text" 2>/dev/null) nics=$(dpm_told_nics "$text" 2>/dev/null)
       echo "$paths" | tr '\\n' ' '; echo "|" $nics
     done <"$DPM_GUEST_ROOT/texts"`,
    );

    const expected = texts.map((text) => {
      const { paths, nics: read } = decodeGuestParameters(text);
      const shownPaths = paths
        .map(({ deviceNumber, targetWwpn, lun: fcpLun }) => `${deviceNumber}:${targetWwpn}:${fcpLun} `)
        .join('');
      return `${shownPaths === '' ? ' ' : shownPaths}|${read.map(shownNic).join('')}`;
    });
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd()),
    ).toEqual(expected.map((line) => line.trimEnd()));
  },
);

/** As the tools print a NIC: with its addresses in the form of the parameters. */
function shownNic(nic: GuestNic): string {
  const { deviceNumber, port, mac = '', addresses } = nic;
  const { text } = encodeGuestParameters({ otherText: '', nics: [nic], volumes: [] }, 999);
  return ` ${deviceNumber}:${port}:${mac}${addresses === undefined ? '' : `:${text.split(':')[3] ?? ''}`}`;
}

it('the tools read the NICs that the Python nova-dpm told', () => {
  using guest = new FakeGuest(shells[0]?.[1] ?? ['sh'], {
    scpData: 'root=/dev/sda1 0001,0,FA163E123456;0004,1; x=8001,5005076802160417,0; dpm.n=0007',
    devices: {},
  });

  expect(guest.run('plan').lines).toEqual(['nic 0001:0:fa163e123456', 'nic 0004:1:', 'nic 0007:0:']);
});

it.each([
  ['scp_data, where it is', { scpData: 'dpm.n=0001', cmdline: 'dpm.n=0002' }, 'nic 0001:0:'],
  ['the command line, where scp_data holds blanks only', { scpData: '  ', cmdline: 'dpm.n=0002' }, 'nic 0002:0:'],
  ['the command line, where there is no scp_data', { cmdline: 'dpm.n=0002' }, 'nic 0002:0:'],
])('the plan comes from %s', (_name, given, expected) => {
  using guest = new FakeGuest(shells[0]?.[1] ?? ['sh'], { devices: {}, ...given });

  expect(guest.run('plan').lines).toEqual([expected]);
});
