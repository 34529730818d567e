import type { ComputeManager } from '../../../src/compute/index.ts';
import type { RequestContext } from '../../../src/virt/index.ts';

/** What a process does with a manager. `recover` is what opening it does by itself, and nothing more. */
export type Act =
  | { readonly verb: 'recover' }
  | {
      readonly verb: 'create';
      readonly server: string;
      readonly networks?: readonly string[];
      readonly volumes: readonly string[];
      readonly iso?: string;
    }
  | { readonly verb: 'boot-from-volume' | 'unrescue'; readonly server: string }
  | { readonly verb: 'rescue'; readonly server: string; readonly volume?: string; readonly iso?: string }
  | { readonly verb: 'rebuild'; readonly server: string; readonly volume: string }
  | { readonly verb: 'delete' | 'start' | 'stop' | 'soft-stop' | 'reboot'; readonly server: string }
  | { readonly verb: 'resize'; readonly server: string; readonly vcpus: number; readonly memoryMib: number }
  | { readonly verb: 'set'; readonly server: string; readonly properties: Readonly<Record<string, string>> }
  | { readonly verb: 'add-volume' | 'remove-volume'; readonly server: string; readonly volume: string }
  | { readonly verb: 'add-network' | 'remove-network'; readonly server: string; readonly network: string }
  | { readonly verb: 'local-attach' | 'local-detach'; readonly partition: string; readonly volume: string };

/**
 * Where a process kills itself: at a record of its journal or an act of the driver, counted from zero, or once an answer
 * has arrived unread.
 */
export interface KillPoint {
  readonly at: 'before-record' | 'after-record' | 'before-act' | 'after-act' | 'answer';
  readonly index: number;
  /** Only answers to requests whose path ends so are counted. */
  readonly path?: string;
}

/** What a worker process is told to do; plain JSON. */
export interface Order {
  readonly settingsText: string;
  readonly statePath: string;
  readonly act: Act;
  readonly kill: KillPoint | null;
}

/** What a worker that lived to the end says. */
export interface Report {
  readonly error: string | null;
}

export async function perform(manager: ComputeManager, act: Act, context: RequestContext): Promise<void> {
  switch (act.verb) {
    case 'recover':
      return;
    case 'create': {
      const volumes = act.volumes.map((volumeId, index) => ({ volumeId, ...(index === 0 ? { bootIndex: 0 } : {}) }));
      const iso = act.iso === undefined ? {} : { bootFrom: { source: 'iso', image: act.iso } as const };
      await manager.create(
        {
          name: act.server,
          vcpus: 1,
          memoryMib: 1024,
          volumes,
          networks: act.networks?.map((network) => ({ network })),
          ...iso,
        },
        context,
      );
      return;
    }
    case 'delete':
      await manager.delete(act.server, context);
      return;
    case 'rescue':
      await manager.rescue(
        act.server,
        act.iso === undefined ? { volume: act.volume ?? '' } : { image: act.iso },
        context,
      );
      return;
    case 'unrescue':
      await manager.unrescue(act.server, context);
      return;
    case 'rebuild':
      await manager.rebuild(act.server, act.volume, context);
      return;
    case 'boot-from-volume':
      await manager.setBoot(act.server, { source: 'volume' }, context);
      return;
    case 'start':
      await manager.start(act.server, context);
      return;
    case 'stop':
      await manager.stop(act.server, {}, context);
      return;
    case 'soft-stop':
      await manager.stop(act.server, { soft: true }, context);
      return;
    case 'reboot':
      await manager.reboot(act.server, { hard: true }, context);
      return;
    case 'resize': {
      const { vcpus, memoryMib } = act;
      await manager.resize(act.server, { vcpus, memoryMib }, context);
      return;
    }
    case 'set':
      await manager.set(act.server, { properties: act.properties }, context);
      return;
    case 'add-volume':
      await manager.addVolume(act.server, act.volume, {}, context);
      return;
    case 'add-network':
      await manager.addNetwork(act.server, { network: act.network, address: '10.0.0.5/24' }, context);
      return;
    case 'remove-network':
      await manager.removeNetwork(act.server, act.network, context);
      return;
    case 'local-attach': {
      const { partition, volume } = act;
      await manager.localAttach({ partition, volume, multipath: true, enforceMultipath: false, mode: 'rw' }, context);
      return;
    }
    case 'local-detach': {
      const { partition, volume } = act;
      await manager.localDetach({ partition, volume, multipath: true, enforceMultipath: false, force: false }, context);
      return;
    }
    case 'remove-volume':
      await manager.removeVolume(act.server, act.volume, context);
      return;
  }
}
