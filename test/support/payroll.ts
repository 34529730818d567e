import { neverAborted, Secret } from '../../src/base/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { World } from './world.ts';

/** Somebody's partition, which is no instance of ours. */
export const PAYROLL = 'payroll';

/** Somebody else at the HMC. */
export function otherHmc({ settings: { dpm } }: World) {
  const password = async () => new Secret(dpm.hmcPassword.reveal());
  return openHmcSession({ urls: dpm.hmcUrls, userid: dpm.hmcUsername, password, tls: {} });
}

/** Somebody else makes a partition. @returns its URI */
export async function createPayroll(world: World): Promise<string> {
  await using hmc = otherHmc(world);
  return await hmc.partitions.create(
    `/api/cpcs/${world.sim.hmc.cpcObjectId}`,
    {
      name: PAYROLL,
      description: '',
      type: 'linux',
      iflProcessors: 1,
      processorMode: 'shared',
      initialMemory: 1024,
      maximumMemory: 1024,
    },
    { signal: neverAborted() },
  );
}
