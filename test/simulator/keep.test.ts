import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';

let keep = '';

beforeEach(() => {
  keep = mkdtempSync(join(tmpdir(), 'nova-dpm-keep-'));
});

afterEach(() => {
  rmSync(keep, { recursive: true, force: true });
});

const web1 = { name: 'web1', vcpus: 1, memoryMib: 4096, volumes: [{ volumeId: 'boot-1' }] };

const portsOf = ({ hmc, cinder, keystone }: Simulator) => [hmc.url, cinder.url, keystone.url];

test.each(['z13', 'z16'] as const)(
  'a %s continues with its partitions, masks, volumes, ports and CA',
  async (machine) => {
    const first = await startSimulator({ machine, keep, tls: true });
    {
      await using manager = await first.openManager();
      await manager.create(web1);
    }
    const before = first.snapshot();
    const [ports, ca] = [portsOf(first), first.ca];
    await first.close();

    await using second = await startSimulator({ keep, tls: true });

    expect(second.snapshot()).toEqual(before);
    expect(portsOf(second)).toEqual(ports);
    expect(second.ca).toEqual(ca);
    await using manager = await second.openManager();
    expect(await manager.show('web1')).toMatchObject({ status: 'ACTIVE', power_state: 'running' });
    await manager.create({ ...web1, name: 'web2', volumes: [{ volumeId: 'boot-2' }] });
    await manager.delete('web1');
    await manager.delete('web2');
    expect(second.snapshot().hmc.partition).toEqual([]);
  },
);

test('a port that is in use meanwhile is replaced', async () => {
  const first = await startSimulator({ keep });
  const url = first.hmc.url;
  await first.close();
  await using second = await startSimulator({ keep });
  await using third = await startSimulator({ keep });

  expect(second.hmc.url).toBe(url);
  expect(third.hmc.url).not.toBe(url);
});

test('another machine, another version and a damaged file are refused in one sentence', async () => {
  await (await startSimulator({ machine: 'z14', keep })).close();
  const file = join(keep, 'simulator.json');
  const text = readFileSync(file, 'utf8');

  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(startSimulator({ machine: 'z16', keep })).rejects.toThrow(/keeps a z14, not a z16/);
  writeFileSync(file, text.replace('"version":1', '"version":99'));
  await expect(startSimulator({ keep })).rejects.toThrow(/has version 99 of the format: expected version 1/);
  writeFileSync(file, text.slice(0, 100));
  await expect(startSimulator({ keep })).rejects.toThrow(/is damaged: expected JSON/);
  writeFileSync(file, '{}');
  await expect(startSimulator({ keep })).rejects.toThrow(/is not the state of a simulator/);
});
