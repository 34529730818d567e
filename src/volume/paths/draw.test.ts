import { expect, it, test } from 'vitest';
import { betweenFabrics } from '../index.ts';
import type { PathRecord, PathState } from '../index.ts';
import { drawSvg } from './draw-svg.ts';
import { drawText } from './draw-text.ts';

const base: PathRecord = {
  ...{ connector: 'OpenStack-compute1-20404344-def7-4b52-9a8a-a6e9df647479', kind: 'partition', server: 'web1' },
  ...{ volume_id: '0a014d21-6baf-40c8-8e9a-51656742207b', volume_name: 'boot-1', initiator_wwpn: 'c05076ffe680a590' },
  ...{ adapter_port: 'a1:0', fabric: '100050eb1a000001', target_wwpn: '5005076802160417', lun: '0002000000000000' },
  ...{ device_number: '8001', device: null, map: null, state: 'active', detail: 'the LUN answers the HMC' },
};
const paths: readonly PathRecord[] = [
  base,
  { ...base, target_wwpn: '5005076802260417', state: 'lun-unreachable', detail: 'reported by the HMC (485)' },
  { ...base, initiator_wwpn: 'c05076ffe6809fc8', device_number: '8002', fabric: null, adapter_port: null },
];
const onHost: PathRecord = {
  ...{ ...base, connector: 'lnx1', kind: 'host', server: null, fabric: null, device_number: null },
  ...{ device: '/dev/sda', map: '/dev/dm-0', detail: 'SCSI device is running and answers' },
};

it('draws initiators, their fabrics, and below each the targets with the state of each path', () => {
  expect(drawText(paths).split('\n')).toEqual([
    'volume boot-1, server web1, LUN 0002000000000000',
    '|- initiator c05076ffe6809fc8  device 8002',
    '|  `- target 5005076802160417  active',
    '`- initiator c05076ffe680a590  device 8001  fabric 100050eb1a000001',
    '   |- target 5005076802160417  active',
    '   `- target 5005076802260417  lun-unreachable',
    '',
    'active: the LUN answers the HMC',
    'lun-unreachable: reported by the HMC (485)',
    '',
  ]);
  expect(drawText([])).toBe('no paths\n');
});

it('draws the block devices of a host, and numbers the causes of a state that has several', () => {
  const twice: readonly PathRecord[] = [
    { ...onHost, state: 'offline', detail: 'SCSI device is offline' },
    {
      ...onHost,
      target_wwpn: '5005076802260417',
      device: '/dev/sdb',
      state: 'offline',
      detail: 'SCSI device is blocked',
    },
  ];
  expect(drawText(twice).split('\n')).toEqual([
    'volume boot-1, host lnx1, LUN 0002000000000000, multipath device /dev/dm-0',
    '`- initiator c05076ffe680a590',
    '   |- target 5005076802160417  /dev/sda  offline (2)',
    '   `- target 5005076802260417  /dev/sdb  offline (1)',
    '',
    'offline (1): SCSI device is blocked',
    'offline (2): SCSI device is offline',
    '',
  ]);
});

const sizes = [2, 4].flatMap((initiators) =>
  [2, 3, 4].flatMap((targets) => [1, 3].map((volumes) => [initiators, targets, volumes] as const)),
);

test.each(sizes)(
  'a drawing of %i initiators, %i targets and %i volumes fits 80 columns',
  (initiators, targets, volumes) => {
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    const many = upTo(volumes).flatMap((volume) =>
      upTo(initiators).flatMap((initiator) =>
        upTo(targets).map((target): PathRecord => ({
          ...base,
          volume_name: `a-volume-with-a-name-of-fifty-characters-or-so-${volume}`,
          volume_id: `volume-${volume}`,
          initiator_wwpn: `c05076ffe680a59${initiator}`,
          target_wwpn: `500507680${target}160417`,
          state: initiator === target ? 'active' : 'target-unreachable',
          detail: initiator === target ? base.detail : `reported by the HMC (484): ${betweenFabrics}`,
        })),
      ),
    );

    const lines = drawText(many).split('\n');

    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter((line) => /target [0-9a-f]{16}/.test(line))).toHaveLength(many.length);
    const whole = drawText(many);
    for (const { initiator_wwpn: initiator, target_wwpn: target, lun } of many) {
      for (const each of [initiator, target, lun]) expect(whole).toContain(each);
    }
    const svg = drawSvg(many);
    expect(svg.match(/<path d="M [^>]*><title>/g)).toHaveLength(many.length);
  },
);

it('draws the same picture whatever the order, with every path and its state in it', () => {
  const svg = drawSvg(paths);

  expect(drawSvg(paths.toReversed())).toBe(svg);
  expect(drawText(paths.toReversed())).toBe(drawText(paths));
  expect(svg.match(/<path d="M [^>]*><title>/g)).toHaveLength(paths.length);
  expect(svg).toContain(
    '<title>server web1 c05076ffe680a590 5005076802260417 0002000000000000: lun-unreachable, reported by the HMC',
  );
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

it('shows names, and the UUID of a server nowhere', () => {
  for (const drawn of [drawSvg(paths), drawText(paths)]) {
    expect(drawn).toContain('boot-1');
    expect(drawn).toContain('server web1');
    expect(drawn).not.toContain('20404344');
  }
  expect(drawText([{ ...base, volume_name: null }])).toContain(`volume ${base.volume_id}`);
  expect(drawText([{ ...base, server: null, connector: 'payroll' }])).toContain('partition payroll');
  expect(drawText([onHost])).toContain('host lnx1');
});

/** Returns the line of a path, without its colour. */
function lineOf(path: PathRecord): string | undefined {
  return /<path d="M [^>]*><title>/.exec(drawSvg([path]))?.[0].replace(/stroke="[^"]*"/, '');
}

it('draws different states differently, without colour too', () => {
  const line = (state: PathState) => lineOf({ ...base, state });

  expect(line('active')).not.toBe(line('idle'));
  expect(line('active')).not.toBe(line('lun-unreachable'));
  expect(line('lun-unreachable')).not.toBe(line('target-unreachable'));
});

/** Returns the colour of the bar of each box. */
function barsOf(records: readonly PathRecord[]): readonly string[] {
  return [...drawSvg(records).matchAll(/<rect [^>]*width="6"[^>]* fill="(#[0-9a-f]{6})"/g)].map(
    ([, color = '']) => color,
  );
}

it('draws ports of a stopped partition in the colour of healthy ports, and a port without a healthy path in another', () => {
  const [healthy] = barsOf([base]);

  expect(new Set(barsOf([{ ...base, state: 'idle' }]))).toEqual(new Set([healthy]));
  expect(barsOf([{ ...base, state: 'adapter-down' }])).not.toContain(healthy);
});

it('draws a pair of ports in different fabrics as no fault', () => {
  const fault = { ...base, state: 'target-unreachable', detail: 'reported by the HMC (484)' } as const;
  const apart = { ...fault, detail: `reported by the HMC (484): ${betweenFabrics}` };

  expect(lineOf(apart)).not.toBe(lineOf(fault));
  expect(drawSvg([apart])).toContain('not a fault: the ports are in different fabrics');
  expect(drawSvg([fault])).not.toContain('not a fault');
});

it('explains in the legend only the states that occur', () => {
  const legend = (records: readonly PathRecord[]) =>
    [...drawSvg(records).matchAll(/font-weight="bold"[^>]*>([a-z]+(?:-[a-z]+)*)<\/text>/g)].map(([, word]) => word);

  expect(legend(paths)).toEqual(['active', 'lun-unreachable']);
  expect(legend([])).toEqual([]);
});

it('never lets a name become a part of the markup', () => {
  const evil = '<script>alert("x&y")</script>\u0000\ud800\ufffe';
  const named = { connector: evil, server: null, volume_id: evil, volume_name: evil, fabric: evil, detail: evil };
  const svg = drawSvg([{ ...base, ...named }]);

  expect(svg).not.toContain('<script>');
  expect(svg).not.toMatch(/[\u0000\ufffe]|\p{Cs}/u);
  expect(svg).toContain('&lt;script&gt;');
  expect(drawSvg([])).toContain('no paths');
});
