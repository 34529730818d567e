import {
  deletedWhileSpawning,
  killedCompute,
  killedService,
  refusedFlavor,
  refusedMap,
  refusedUnmap,
  restarts,
} from './failures.ts';
import { crowd, evacuation, spreadAndReschedule } from './hosts.ts';
import { networks, unboundPort } from './networks.ts';
import { rescues } from './rescue.ts';
import { existingVolumes, roundTrip, type Scene } from './round-trip.ts';

export interface Scenario {
  readonly name: string;
  readonly play: (scene: Scene) => Promise<void>;
}

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'life',
    play: async (scene) => {
      // Both at the same time: most of the time is waiting.
      await both([roundTrip(scene, scene.world.host('z13-a')), roundTrip(scene, scene.world.host('z16-a'))]);
    },
  },
  {
    name: 'volumes',
    play: async (scene) => {
      await both([
        existingVolumes(scene, scene.world.host('z13-a')),
        existingVolumes(scene, scene.world.host('z16-a')),
      ]);
    },
  },
  {
    name: 'networks',
    play: async (scene) => {
      await both([networks(scene, scene.world.host('z13-a')), networks(scene, scene.world.host('z16-a'))]);
    },
  },
  {
    name: 'rescue',
    play: async (scene) => {
      await both([rescues(scene, scene.world.host('z13-a')), rescues(scene, scene.world.host('z16-a'))]);
    },
  },
  { name: 'unbound-port', play: async (scene) => await unboundPort(scene, scene.world.host('z16-b')) },
  { name: 'refused-flavor', play: refusedFlavor },
  { name: 'refused-map', play: async (scene) => await refusedMap(scene, scene.world.host('z13-a')) },
  { name: 'refused-unmap', play: async (scene) => await refusedUnmap(scene, scene.world.host('z16-a')) },
  { name: 'delete-in-spawn', play: async (scene) => await deletedWhileSpawning(scene, scene.world.host('z13-a')) },
  { name: 'killed-compute', play: async (scene) => await killedCompute(scene, scene.world.host('z16-a')) },
  { name: 'killed-service', play: async (scene) => await killedService(scene, scene.world.host('z13-a')) },
  { name: 'restarts', play: async (scene) => await restarts(scene, scene.world.host('z16-a')) },
  { name: 'hosts', play: spreadAndReschedule },
  { name: 'evacuation', play: evacuation },
  { name: 'crowd', play: crowd },
];

/** Waits for all, and throws the first error. */
async function both(plays: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(plays);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
