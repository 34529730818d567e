/* startSimulator starts HMC, SAN, Keystone and Cinder, and closes them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';

import { describe, expect, it } from 'vitest';

import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { Caller, newHba, newPartition, type Bench } from './hmc-support.ts';

async function callerOf(simulator: Simulator): Promise<Pick<Bench, 'caller' | 'cpc' | 'ports' | 'hmc'>> {
  const caller = new Caller(simulator.hmc.url);
  await caller.logon(simulator.hmc.username, simulator.hmc.password);
  const ports = simulator.hmc.model.all('storage-port').map(({ uri }) => uri);
  return { caller, ports, hmc: simulator.hmc, cpc: `/api/cpcs/${simulator.hmc.cpcObjectId}` };
}

describe('startSimulator', () => {
  it('starts HMC, Keystone and Cinder on one SAN, and stops them all', async () => {
    const simulator = await startSimulator();
    const urls = [`${simulator.hmc.url}/api/version`, simulator.keystone.url, simulator.cinder.rootUrl];

    for (const url of urls) expect((await fetch(url)).status).toBeLessThan(400);
    expect(simulator.volumes.map(({ bootable }) => bootable)).toEqual([true, true, false, false]);
    await simulator.close();

    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  });

  it('serves HTTPS with an authority in a file, which goes when the simulator closes', async () => {
    const simulator = await startSimulator({ tls: true });
    const { file = '', pem = '' } = simulator.ca ?? {};

    expect(await readFile(file, 'utf8')).toBe(pem);
    for (const url of [`${simulator.hmc.url}/api/version`, simulator.keystone.url, simulator.cinder.rootUrl]) {
      const request = https.get(url, { ca: pem, agent: false });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect(response.resume().statusCode).toBeLessThan(400);
    }
    expect(simulator.settings().dpm).toMatchObject({ hmc: simulator.hmc.url, hmc_ca_certs: file });
    await simulator.close();

    expect(existsSync(file)).toBe(false);
  });

  it('gives settings that name the machine, its FCP ports and the users', async () => {
    await using simulator = await startSimulator({ adapters: 4, cpcIfls: 12, cpcMemoryMib: 65_536 });

    const { DEFAULT, dpm, cinder } = simulator.settings();

    expect(DEFAULT).toEqual({ host: 'compute1', compute_driver: 'dpm.DPMDriver' });
    expect(dpm).toMatchObject({ cpc_object_id: simulator.hmc.cpcObjectId, max_processors: '12', max_memory: '65536' });
    expect(dpm.physical_storage_adapter_mappings).toHaveLength(4);
    expect(dpm.physical_storage_adapter_mappings![0]).toMatch(/^[0-9a-f-]{36}:0$/u);
    expect(cinder).toMatchObject({
      auth_type: 'password',
      auth_url: simulator.keystone.url,
      username: 'dpm',
      project_name: 'service',
    });
    await using open = await startSimulator({ cinder: { auth: 'noauth' } });
    expect(open.settings().cinder).toMatchObject({ auth_type: 'none', endpoint_override: open.cinder.url });
  });

  it('gives equal machines for equal seeds, and others for others', async () => {
    const wwpn = async (seed: number): Promise<unknown> => {
      await using simulator = await startSimulator({ seed });
      const of = (await callerOf(simulator)) as Bench; // the parts that these helpers use
      const hba = await newHba(of, await newPartition(of));
      return [hba.wwpn, simulator.hmc.cpcObjectId, simulator.volumes];
    };

    const first = await wwpn(5);

    expect(await wwpn(5)).toEqual(first);
    expect(await wwpn(6)).not.toEqual(first);
  });

  it('has a snapshot that shows a change and its return', async () => {
    await using simulator = await startSimulator();
    const of = (await callerOf(simulator)) as Bench; // the parts that these helpers use
    const before = simulator.snapshot();

    const partition = await newPartition(of);
    await newHba(of, partition);
    expect(simulator.snapshot()).not.toEqual(before);
    await of.caller.delete(partition);

    expect(simulator.snapshot()).toEqual(before);
    expect(JSON.stringify(before)).not.toMatch(/202\d-\d\d-\d\dT/u);
  });

  it('takes fault rules, and counts requests of all servers in one log', async () => {
    const rule = { id: 'r', server: 'hmc', operation: 'Logon', kind: { type: 'refuse', status: 503 } } as const;
    await using simulator = await startSimulator({ faults: [rule] });
    const caller = new Caller(simulator.hmc.url);

    expect((await caller.logon('nova', 'x')).status).toBe(503);
    await fetch(simulator.keystone.url);

    expect(simulator.faults.struck('r')).toBe(1);
    expect(simulator.log.count()).toBe(2);
    expect(simulator.log.count(({ server }) => server === 'hmc')).toBe(1);
  });

  it('has storage groups that an administrator prepared, of each type', async () => {
    const volumes = [{ name: 'root', sizeGib: 30, usage: 'boot' }] as const;
    const types = ['fcp', 'fc', 'nvme'] as const;
    await using simulator = await startSimulator({
      machine: 'z16',
      storageGroups: types.map((type) => ({ name: type, type, volumes })),
    });
    const { caller } = await callerOf(simulator);

    const { body } = await caller.get('/api/storage-groups?fulfillment-state=complete');

    expect(body['storage-groups']).toMatchObject(types.map((type) => ({ name: type, type })));
    const [fcp] = simulator.storageGroups;
    expect((await caller.get(fcp!.volumeUris[0]!)).body).toMatchObject({
      'active-size': 30,
      usage: 'boot',
      name: 'root',
    });
    expect(fcp!.wwpns).toHaveLength(2);
  });

  it('leaves nothing running when one of its servers cannot start', async () => {
    await using first = await startSimulator();

    await expect(startSimulator({ tls: true, hmcPort: first.hmc.server.port })).rejects.toThrow(/EADDRINUSE/u);
  });
});
