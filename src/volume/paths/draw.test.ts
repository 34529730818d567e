import { expect, it } from 'vitest';
import type { PathRecord, PathState } from '../index.ts';
import { drawSvg } from './draw-svg.ts';
import { drawText } from './draw-text.ts';

const base: PathRecord = {
  ...{ connector: 'p1', kind: 'partition', server: 'web1', volume_id: 'v1', initiator_wwpn: 'c05076ffe680a590' },
  ...{ adapter_port: 'a1:0', fabric: '100050eb1a000001', target_wwpn: '5005076802160417', lun: '0002000000000000' },
  ...{ device_number: '8001', device: null, map: null, state: 'active', detail: 'the LUN answers the HMC' },
};
const paths: readonly PathRecord[] = [
  base,
  { ...base, target_wwpn: '5005076802260417', state: 'lun-unreachable', detail: 'reported by the HMC (485)' },
  { ...base, initiator_wwpn: 'c05076ffe6809fc8', device_number: '8002', fabric: null, adapter_port: null },
];

it('draws initiators, their fabrics, and below each the targets and LUNs with the state of each path', () => {
  expect(drawText(paths).split('\n')).toEqual([
    'volume v1',
    '|- initiator c05076ffe6809fc8 (device 8002, p1 port not known, fabric not known)',
    '|  `- target 5005076802160417  LUN 0002000000000000  active: the LUN answers the HMC',
    '`- initiator c05076ffe680a590 (device 8001, p1 port a1:0, fabric 100050eb1a000001)',
    '   |- target 5005076802160417  LUN 0002000000000000  active: the LUN answers the HMC',
    '   `- target 5005076802260417  LUN 0002000000000000  lun-unreachable: reported by the HMC (485)',
    '',
  ]);
  expect(drawText([])).toBe('no paths\n');
});

it('draws the same picture whatever the order, with every path and its state in it', () => {
  const svg = drawSvg(paths);

  expect(drawSvg(paths.toReversed())).toBe(svg);
  expect(drawText(paths.toReversed())).toBe(drawText(paths));
  expect(svg.match(/<path d="M [^>]*><title>/g)).toHaveLength(paths.length);
  expect(svg).toContain(
    '<title>p1 c05076ffe680a590 5005076802260417 0002000000000000: lun-unreachable, reported by the HMC',
  );
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

it('tells states apart without colour too', () => {
  const line = (state: PathState) =>
    /<path d="M 240[^>]*>/.exec(drawSvg([{ ...base, state }]))?.[0].replace(/stroke="[^"]*"/, '');

  expect(line('active')).not.toBe(line('idle'));
  expect(line('active')).not.toBe(line('lun-unreachable'));
  expect(line('lun-unreachable')).not.toBe(line('target-unreachable'));
});

it('lets no name become a part of the picture', () => {
  const evil = '<script>alert("x&y")</script>\u0000\ud800\ufffe';
  const svg = drawSvg([{ ...base, connector: evil, volume_id: evil, fabric: evil, detail: evil }]);

  expect(svg).not.toContain('<script>');
  expect(svg).not.toMatch(/[\u0000\ufffe]|\p{Cs}/u);
  expect(svg).toContain('&lt;script&gt;');
  expect(drawSvg([])).toContain('no paths');
});
