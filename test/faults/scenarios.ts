import type { Failpoint } from '../../src/base/index.ts';
import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../../src/virt/index.ts';
import type { Rest } from './judge.ts';
import type { Server } from '../parking/stock-manager.ts';
import { installerFile } from '../support/installer-file.ts';
import { PAYROLL } from '../support/payroll.ts';
import { MOUNT_POINT } from './stage.ts';
import type { Stage } from './stage.ts';

/** One flow under test: how to get to its beginning, and the flow. */
export interface Scenario {
  readonly name: string;
  /** @returns the name of the server that {@link Scenario.act} works on */
  readonly prepare: (stage: Stage) => Promise<string>;
  readonly act: (stage: Stage, server: string, context: RequestContext) => Promise<unknown>;
  /** Set where the way back is under test: the flow fails here, and what is struck is its undo. */
  readonly failsAt?: Failpoint;
  /** What is done instead of the act when it is made once more. */
  readonly again?: Scenario['act'];
  /** Can the act be made once more after it was rolled back? */
  readonly isRepeatable: boolean;
  readonly rests: Rest;
  /** A verb of the driver without a journal: its caller cleans up after it. */
  readonly isVerb?: boolean;
  /** Brings back to the beginning what is no server. */
  readonly tidy?: (stage: Stage, context: RequestContext) => Promise<void>;
  /** Which of the simulator's volumes it maps that were not mapped before. */
  readonly maps: readonly number[];
}

/** Of the simulator's volumes: two bootable, two empty. */
const [boot, second, extra, late] = [0, 1, 2, 3];

const newName = () => `s-${randomUUID().slice(0, 8)}`;

interface Wish {
  readonly volumes?: readonly number[];
  readonly start?: boolean;
  readonly storageGroup?: string;
  /** Boots from an ISO image that installs. */
  readonly isFromIso?: boolean;
}

async function create({ manager, world }: Stage, name: string, wish: Wish = {}, context = world.context) {
  const { volumes = [boot], start = true, storageGroup, isFromIso = false } = wish;
  const chosen = volumes.map((index, position) => ({
    volumeId: world.sim.volumes[index]!.id,
    ...(position === 0 && storageGroup === undefined ? { bootIndex: 0 } : {}),
  }));
  const group = storageGroup === undefined ? {} : { storageGroup: { name: storageGroup } };
  const iso = isFromIso ? { bootFrom: { source: 'iso', image: installerFile() } as const } : {};
  await manager.create({ name, vcpus: 1, memoryMib: 1024, start, volumes: chosen, ...group, ...iso }, context);
  return name;
}

const mapping = { isRepeatable: true, rests: 'as before' } as const;
// A server in ERROR keeps its name until it is deleted.
const building = { ...mapping, isRepeatable: false } as const;
const power = { isRepeatable: true, rests: 'in any power state', maps: [] } as const;

const spawn: Scenario = {
  name: 'spawn',
  prepare: () => Promise.resolve(newName()),
  act: async (stage, server, context) => await create(stage, server, { volumes: [boot, extra] }, context),
  maps: [boot, extra],
  ...building,
};

const spawnStopped: Scenario = {
  name: 'spawn, not started',
  prepare: () => Promise.resolve(newName()),
  act: async (stage, server, context) => await create(stage, server, { start: false }, context),
  maps: [boot],
  ...building,
};

/** The storage group that a storage administrator has made, with a boot volume in it. */
export const GROUP = 'golden-images';

const spawnFromGroup: Scenario = {
  name: 'spawn from a storage group',
  prepare: () => Promise.resolve(newName()),
  act: async (stage, server, context) =>
    await create(stage, server, { volumes: [extra], storageGroup: GROUP }, context),
  maps: [extra],
  ...building,
};

const spawnFromIso: Scenario = {
  name: 'spawn from an ISO image',
  prepare: () => Promise.resolve(newName()),
  act: async (stage, server, context) => await create(stage, server, { volumes: [extra], isFromIso: true }, context),
  maps: [extra],
  ...building,
};

const setBoot: Scenario = {
  name: 'set the boot source',
  prepare: async (stage) => await create(stage, newName(), { volumes: [extra], isFromIso: true, start: false }),
  act: async ({ manager }, server, context) => await manager.setBoot(server, { source: 'volume' }, context),
  maps: [],
  ...mapping,
};

function rescued(name: string, isFromIso: boolean): Scenario {
  return {
    name,
    prepare: async (stage) => await create(stage, newName()),
    act: async (stage, server, context) => await rescue(stage, server, isFromIso, context),
    maps: isFromIso ? [] : [second],
    ...mapping,
  };
}

function unrescued(name: string, isFromIso: boolean): Scenario {
  return {
    name,
    prepare: async (stage) => {
      const server = await create(stage, newName());
      await rescue(stage, server, isFromIso, stage.world.context);
      return server;
    },
    act: async ({ manager }, server, context) => await manager.unrescue(server, context),
    isRepeatable: true,
    rests: 'either',
    maps: [],
  };
}

async function rescue({ manager, world }: Stage, server: string, isFromIso: boolean, context: RequestContext) {
  const volume = world.sim.volumes[second]!.id;
  await manager.rescue(server, isFromIso ? { image: installerFile() } : { volume }, context);
}

const rebuild: Scenario = {
  name: 'rebuild',
  prepare: async (stage) => await create(stage, newName()),
  act: async ({ manager, world }, server, context) =>
    await manager.rebuild(server, world.sim.volumes[second]!.id, context),
  isRepeatable: true,
  rests: 'either',
  maps: [second],
};

const remove: Scenario = {
  name: 'delete',
  prepare: async (stage) => await create(stage, newName(), { volumes: [boot, extra] }),
  act: async ({ manager }, server, context) => await manager.delete(server, context),
  isRepeatable: true,
  rests: 'as after',
  maps: [],
};

const removeFromGroup: Scenario = {
  ...remove,
  name: 'delete from a storage group',
  prepare: async (stage) => await create(stage, newName(), { volumes: [extra], storageGroup: GROUP }),
};

function attach(name: string, start: boolean): Scenario {
  return {
    name,
    prepare: async (stage) => await create(stage, newName(), { start }),
    act: async ({ manager, world }, server, context) =>
      await manager.addVolume(server, world.sim.volumes[late]!.id, {}, context),
    maps: [late],
    ...mapping,
  };
}

function detach(name: string, start: boolean): Scenario {
  return {
    name,
    prepare: async (stage) => await create(stage, newName(), { volumes: [boot, late], start }),
    act: async ({ manager, world }, server, context) =>
      await manager.removeVolume(server, world.sim.volumes[late]!.id, context),
    isRepeatable: true,
    rests: 'either',
    maps: [],
  };
}

/** A change of the record and of the partition. */
function changed(name: string, start: boolean, act: Scenario['act']): Scenario {
  return { name, prepare: async (stage) => await create(stage, newName(), { start }), act, maps: [], ...mapping };
}

/** @param isThere - attached before the act, which detaches it */
function onNetwork(name: string, isThere: boolean): Scenario {
  const request = { network: 'net1', address: '10.0.0.5/24' };
  return {
    name,
    prepare: async (stage) => {
      const server = await create(stage, newName());
      if (isThere) await stage.manager.addNetwork(server, request, stage.world.context);
      return server;
    },
    act: async ({ manager }, server, context) =>
      isThere
        ? await manager.removeNetwork(server, request.network, context)
        : await manager.addNetwork(server, request, context),
    isRepeatable: true,
    rests: isThere ? 'either' : 'as before',
    maps: [],
  };
}

function powered(name: string, start: boolean, act: Scenario['act']): Scenario {
  return { name, prepare: async (stage) => await create(stage, newName(), { start }), act, ...power };
}

type LocalPlace = { readonly mountpoint: string } | { readonly partition: string };

/** Without Nova: there is no server. */
function local(name: string, where: LocalPlace): { readonly attach: Scenario; readonly detach: Scenario } {
  const request = ({ world }: Stage) => ({
    ...{ volume: world.sim.volumes[late]!.id, multipath: true, enforceMultipath: false, ...where },
  });
  const attachIt = async (stage: Stage, context: RequestContext) =>
    await stage.manager.localAttach({ ...request(stage), mode: 'rw' }, context);
  const detachIt = async (stage: Stage, context: RequestContext) =>
    await stage.manager.localDetach({ ...request(stage), force: false }, context);
  const tidy = async (stage: Stage, context: RequestContext) => {
    await detachIt(stage, context);
  };
  return {
    attach: {
      name: `attach to ${name}`,
      prepare: () => Promise.resolve(''),
      act: async (stage, _none, context) => await attachIt(stage, context),
      maps: [late],
      tidy,
      ...mapping,
    },
    detach: {
      name: `detach from ${name}`,
      prepare: async (stage) => {
        await attachIt(stage, stage.world.context);
        return '';
      },
      act: async (stage, _none, context) => await detachIt(stage, context),
      isRepeatable: true,
      rests: 'either',
      maps: [],
      tidy,
    },
  };
}

/** A destroy or a spawn that fails is called again: there is no journal, and no way back. */
function verb(
  name: string,
  prepare: (stage: Stage, server: Server) => Promise<void>,
  act: (stage: Stage, server: Server, context: RequestContext) => Promise<void>,
): Scenario {
  return {
    name,
    prepare: async (stage) => {
      const { stock, world } = stage;
      const volumes = [boot, extra].map((index) => world.sim.volumes[index]!.id);
      stage.server = stock.server(randomUUID(), newName(), volumes);
      await stock.build(stage.server);
      await prepare(stage, stage.server);
      return stage.server.instance.name;
    },
    act: async (stage, _name, context) => await act(stage, stage.server!, context),
    isRepeatable: true,
    rests: 'on the way',
    isVerb: true,
    maps: [],
    tidy: async (stage) => {
      const { stock, server } = stage;
      await stock.destroy(server!);
      await stock.unmap(server!);
      await stock.removeParked(server!);
    },
  };
}

/** With a manager that unmaps after a destroy: the stage has to have one. */
export const parking = {
  park: verb(
    'destroy without an unmap',
    () => Promise.resolve(),
    async ({ stock }, server, context) => await stock.destroy(server, context),
  ),
  spawnAgain: {
    ...verb(
      'spawn on what is parked',
      async ({ stock }, server) => {
        await stock.destroy(server);
        server.network = [stock.newInterface()];
      },
      async ({ stock }, server, context) => await stock.spawn(server, context),
    ),
    // As Nova: a spawn that failed is followed by a destroy.
    again: async ({ stock, server }) => {
      await stock.destroy(server!);
      await stock.spawn(server!);
    },
  },
  /** As Nova asks for them: they undo their own partial work, for nobody else does. */
  attach: {
    ...verb(
      'attach by itself',
      async ({ stock, world }, server) => await stock.addVolume(server, world.sim.volumes[late]!.id),
      async ({ stock }, server, context) => await stock.attachLast(server, context),
    ),
    rests: 'as before',
  },
  detach: {
    ...verb(
      'detach by itself',
      async ({ stock, world }, server) => {
        await stock.addVolume(server, world.sim.volumes[late]!.id);
        await stock.attachLast(server);
      },
      async ({ stock }, server, context) => await stock.detachLast(server, context),
    ),
    rests: 'either',
  },
  attachInterface: {
    ...verb(
      'attach an interface',
      ({ stock }, server) => {
        server.network = [stock.newInterface()];
        return Promise.resolve();
      },
      async ({ stock }, server, context) => await stock.attachInterface(server, server.network![0]!, context),
    ),
    rests: 'as before',
  },
  detachInterface: {
    ...verb(
      'detach an interface',
      async ({ stock }, server) => {
        server.network = [stock.newInterface()];
        await stock.attachInterface(server, server.network[0]!);
      },
      async ({ stock }, server, context) => await stock.detachInterface(server, server.network![0]!, context),
    ),
    rests: 'either',
  },
  removeParked: verb(
    'remove what is parked',
    async ({ stock }, server) => {
      await stock.destroy(server);
      await stock.unmap(server);
    },
    async ({ stock }, server, context) => await stock.removeParked(server, context),
  ),
} as const satisfies Readonly<Record<string, Scenario>>;

/** Volumes without Nova: the stage has to have a host. */
export const localScenarios = {
  host: local('this host', { mountpoint: MOUNT_POINT }),
  partition: local('a partition', { partition: PAYROLL }),
} as const;

export const scenarios = {
  spawn,
  spawnStopped,
  spawnFromGroup,
  spawnFromIso,
  setBoot,
  rescue: rescued('rescue', false),
  unrescue: unrescued('unrescue', false),
  rescueFromIso: rescued('rescue from an ISO image', true),
  unrescueFromIso: unrescued('unrescue from an ISO image', true),
  rebuild,
  delete: remove,
  deleteFromGroup: removeFromGroup,
  attach: attach('attach', true),
  attachStopped: attach('attach to a stopped server', false),
  detach: detach('detach', true),
  detachStopped: detach('detach from a stopped server', false),
  attachNetwork: onNetwork('attach a network', false),
  detachNetwork: onNetwork('detach a network', true),
  resize: changed('resize', true, async ({ manager }, server, context) => {
    await manager.resize(server, { vcpus: 2 }, context);
  }),
  resizeRestart: changed('resize with a restart', true, async ({ manager }, server, context) => {
    await manager.resize(server, { memoryMib: 2048, restart: true }, context);
  }),
  setProperties: changed('set', true, async ({ manager }, server, context) => {
    await manager.set(server, { properties: { 'dpm:boot_timeout': '120' }, description: 'web server' }, context);
  }),
  start: powered('start', false, async ({ manager }, server, context) => await manager.start(server, context)),
  stop: powered('stop', true, async ({ manager }, server, context) => await manager.stop(server, {}, context)),
  softStop: powered('soft stop', true, async ({ manager }, server, context) => {
    await manager.stop(server, { soft: true }, context);
  }),
  reboot: powered('reboot', true, async ({ manager }, server, context) => {
    await manager.reboot(server, { hard: true }, context);
  }),
} as const satisfies Readonly<Record<string, Scenario>>;

/** The same flow, failing at its end: what is struck is the way back. */
export function undone(scenario: Scenario, failsAt: Failpoint): Scenario {
  return { ...scenario, name: `undo of ${scenario.name}`, failsAt };
}
