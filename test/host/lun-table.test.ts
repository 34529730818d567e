import { describe, expect, test } from 'vitest';
import { describeError, neverAborted, parseLun, parseWwpn } from '../../src/base/index.ts';
import { byPathNames } from '../../src/volume/host/index.ts';
import {
  connectionInfo,
  fcpDevice,
  hostConnector,
  maskAll,
  nothing,
  pciPort,
  singlePath,
  target,
  targetWwpns,
  volume,
} from '../support/fake-host/scenes.ts';

/*
 * The worked examples of LUNs, row by row (Cinder's value, addressing mode, FCP LUN, Linux's number, udev's name):
 * what the connector really writes to `unit_add` and to `scan`, and the name under which it finds the disk. The fake
 * host has a codec of its own.
 */

const signal = neverAborted();
const [wwpn] = targetWwpns;

const rows: readonly (readonly [number | string, string | undefined, string, number, string])[] = [
  [0, undefined, '0000000000000000', 0, 'lun-0'],
  [1, undefined, '0001000000000000', 1, 'lun-1'],
  ['2', undefined, '0002000000000000', 2, 'lun-2'],
  [254, undefined, '00fe000000000000', 254, 'lun-254'],
  [255, undefined, '00ff000000000000', 255, 'lun-255'],
  [256, 'SAM', '0100000000000000', 256, 'lun-0x0100000000000000'],
  [300, 'SAM', '012c000000000000', 300, 'lun-0x012c000000000000'],
  [256, 'SAM2', '4100000000000000', 16640, 'lun-0x4100000000000000'],
  [300, 'SAM2', '412c000000000000', 16684, 'lun-0x412c000000000000'],
  [1, 'SAM3-flat', '4001000000000000', 16385, 'lun-0x4001000000000000'],
  [16383, 'SAM3-flat', '7fff000000000000', 32767, 'lun-0x7fff000000000000'],
  [1074806808, undefined, '4010401800000000', 1075331088, 'lun-0x4010401800000000'],
  ['0x401040a0', undefined, '401040a000000000', 1084243984, 'lun-0x401040a000000000'],
  [1076052180, undefined, '402340d400000000', 1087651875, 'lun-0x402340d400000000'],
  [1090470143, undefined, '40ff40ff00000000', 1090470143, 'lun-0x40ff40ff00000000'],
  [1073758208, undefined, '4000400000000000', 1073758208, 'lun-0x4000400000000000'],
  [22297, undefined, '5719000000000000', 22297, 'lun-0x5719000000000000'],
  ['0002000000000000', undefined, '0002000000000000', 2, 'lun-2'],
];

function infoOf(value: number | string, mode: string | undefined) {
  return connectionInfo({
    target_wwn: wwpn,
    target_lun: value,
    ...(mode === undefined ? {} : { addressing_mode: mode }),
  });
}

describe.each(rows)('LUN %s, mode %s', (value, mode, lun, linux, name) => {
  test.each([true, false])('is asked for and found on s390x, automatic LUN scan %s', async (allowLunScan) => {
    const adapters = [fcpDevice(0, [target(0)])];
    const host = singlePath({ adapters, allowLunScan, masks: maskAll(adapters, volume(), lun), multipathd: 'absent' });
    const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });

    const device = await connector.connectVolume(infoOf(value, mode), { signal });
    await connector.disconnectVolume(infoOf(value, mode), device, { signal });

    expect(device.path).toBe(`/dev/disk/by-path/ccw-0.0.8001-fc-0x${wwpn}-${name}`);
    const port = `/sys/bus/ccw/drivers/zfcp/0.0.8001/0x${wwpn}`;
    const [asked] = host.log;
    expect(asked).toBe(
      allowLunScan ? `write /sys/class/scsi_host/host0/scan 0 0 ${linux}` : `write ${port}/unit_add 0x${lun}`,
    );
    expect(host.snapshot()).toEqual(nothing);
  });

  test('has every name on s390x that os-brick looks for', () => {
    const names = byPathNames('ccw-0.0.8001', parseWwpn(wwpn)!, parseLun(lun)!);

    // os-brick's three patterns: RHEL's, Cinder's number as it is, all sixteen digits.
    const base = '/dev/disk/by-path/ccw-0.0.8001';
    expect(names[0]).toBe(`${base}-fc-0x${wwpn}-${name}`);
    expect(names).toContain(`${base}-zfcp-0x${wwpn}:0x${lun}`);
    expect(names).toContain(`${base}-fc-0x${wwpn}-lun-0x${lun}`);
    const n = typeof value === 'number' && (mode === undefined || mode === 'SAM') ? value : undefined;
    if (n !== undefined) expect(names).toContain(`${base}-fc-0x${wwpn}-lun-${n}`);
  });

  test('is found elsewhere under the name that os-brick makes of Cinder’s number', async () => {
    const isNumber = !(typeof value === 'string' && value.length === 16);
    const n = isNumber
      ? Number(value) + (mode === 'SAM3-flat' || (mode === 'SAM2' && Number(value) > 255) ? 0x4000 : 0)
      : 2;
    const hex = (part: number): string => part.toString(16).padStart(4, '0');
    const low = hex(n % 0x10000);
    const high = hex(Math.floor(n / 0x10000));
    const adapters = [pciPort(0, [target(0)])];
    const masks = maskAll(adapters, volume(), `${low}${high}00000000`);
    const host = singlePath({ kind: 'pci', adapters, masks, multipathd: 'absent' });
    const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });

    const device = await connector.connectVolume(infoOf(value, mode), { signal });

    const shown = n < 256 ? `lun-${n}` : `lun-0x${low}${high}00000000`;
    expect(device.path).toBe(`/dev/disk/by-path/pci-0000:04:00.0-fc-0x${wwpn}-${shown}`);
    expect(host.log[0]).toBe(`write /sys/class/scsi_host/host6/scan 0 0 ${n}`);
  });
});

test.each([
  [49409, 'is a well-known logical unit, not a volume'],
  [2 ** 32, 'is too large'],
  ['zwei', 'is not understood'],
])('LUN %s is refused before anything is asked', async (value, reason) => {
  for (const host of [singlePath(), singlePath({ kind: 'pci', adapters: [pciPort(0, [target(0)])] })]) {
    const connector = await hostConnector(host);

    const connecting = connector.connectVolume(infoOf(value, undefined), { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'CONNECTION_INFO' });
    await expect(connecting).rejects.toSatisfy((error) => describeError(error).includes(reason));
    expect(host.log).toEqual([]);
  }
});
