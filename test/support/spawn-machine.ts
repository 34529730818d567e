import { ConflictError, wwpnSchema } from '../../src/base/index.ts';
import { HmcHttpError } from '../../src/hmc-client/index.ts';
import type { Initiator, StartResult } from '../../src/partition/index.ts';
import type { SpawnRequest } from '../../src/spawn/spawn.ts';
import type { MappedVolume } from '../../src/spawn/index.ts';
import { VolumeDriverError } from '../../src/volume/index.ts';
import { fakeTools, fakePartitions } from './spawn-tools.ts';

export const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
export const name = `OpenStack-compute1-${owner.instanceUuid}`;
export const description = 'OpenStack CPCSubset=compute1';
export const request: SpawnRequest = {
  owner,
  partition: {
    name,
    description,
    resources: { iflProcessors: 2, processorMode: 'shared', initialMemory: 4096, maximumMemory: 4096 },
    boot: {},
  },
  volumes: [
    { volumeId: 'boot', sizeGib: 1, isBoot: true },
    { volumeId: 'data', sizeGib: 2, isBoot: false },
  ],
  nics: [],
  storageGroup: null,
  bootSource: null,
  powerOn: true,
};
export const initiator: Initiator = {
  wwpn: wwpnSchema.parse('c05076d3a1005b20'),
  deviceNumber: '8001',
  elementUri: null,
  adapterPortUri: null,
};
export const mapped = (type = 'fibre_channel'): MappedVolume[] =>
  request.volumes.map((volume) => ({ ...volume, connectionInfo: { driver_volume_type: type, data: {} } }));

interface Machine {
  readonly model?: 'hba' | 'storage-group';
  readonly loginBeforeZoning?: boolean;
  readonly start?: StartResult;
  readonly createFails?: Error;
  /** The status of a partition of our name and mark that exists already. */
  readonly existing?: string;
  /** Default: ours. */
  readonly existingMark?: string;
  readonly isOfAnother?: boolean;
  readonly isAtRest?: boolean;
  readonly obstacle?: string;
  readonly connectFails?: string;
  /** The partition that the record leads to. */
  readonly recorded?: string;
  readonly doubt?: Error;
  /** Of the storage group. */
  readonly deleteFails?: Error;
}

/** Groups that an administrator has prepared. */
function preparedGroups(diary: string[]) {
  return {
    find: async ({ name: group }: { name: string }) => {
      if (group === 'unfit') throw new ConflictError('the group is shared by nobody');
      return { uri: '/api/storage-groups/g', name: group, bootVolumeUri: '/api/storage-groups/g/storage-volumes/1' };
    },
    attach: async () => void diary.push('attach group'),
  };
}

/** A machine, Cinder's side and the volume drivers, with a diary of what was asked of them. */
export function machine(options: Machine = {}) {
  const { model = 'hba', loginBeforeZoning = false, start = { kind: 'running', status: 'active' } } = options;
  const diary: string[] = [];
  const created: unknown[] = [];
  const noted: string[] = [];
  const there = {
    uri: '/api/partitions/there',
    name,
    status: options.existing,
    description: options.existingMark ?? description,
  };
  const operations = {
    create: async (_cpc: string, properties: unknown) => {
      if (options.createFails !== undefined) throw options.createFails;
      created.push(properties);
      diary.push('create partition');
      return '/api/partitions/new';
    },
    findByName: async () => (options.existing === undefined ? undefined : there),
    get: async () => there,
    update: async () => void diary.push('set boot'),
  };
  const storage = {
    model,
    preparedGroups: model === 'hba' ? undefined : preparedGroups(diary),
    hasAdapterPorts: true,
    likelyBootFailure: '',
    allocate: async () => {
      if (model === 'hba') return null;
      diary.push('create group');
      return options.obstacle ?? null;
    },
    addPorts: async () => (model === 'hba' ? [] : [initiator]),
    bind: async (_owner: unknown, { uri }: { uri: string }) => {
      diary.push(`ports of ${uri}`);
      return [initiator];
    },
    initiators: async () => [initiator],
    hasJustSentLuns: async () => false,
    waitForVolumes: async (_owner: unknown, volumes: readonly unknown[]) => {
      diary.push('wait for LUNs');
      return volumes;
    },
    deallocate: async () => {
      if (options.deleteFails !== undefined) throw options.deleteFails;
      diary.push('delete group');
    },
    bootProperties: () => ({}),
  };
  const lifecycle = {
    start: async () => {
      diary.push('start');
      return start;
    },
    ensureStopped: async () => void diary.push('stop'),
  };
  const driver = {
    connectVolume: async (_info: unknown, _instance: unknown, { volumeId }: { volumeId: string }) => {
      if (volumeId === options.connectFails) throw new Error('no path');
      diary.push(`connect ${volumeId}`);
      const path = { initiatorWwpn: initiator.wwpn, targetWwpn: initiator.wwpn, lun: '0', deviceNumber: '8001' };
      return { volumeId, isBoot: volumeId === 'boot', paths: [path], pathReason: '' };
    },
    rollback: async (_info: unknown, _instance: unknown, { volumeId }: { volumeId: string }) =>
      void diary.push(`roll back ${volumeId}`),
  };
  const volumeDrivers = {
    get: (type: string) => {
      if (type !== 'fibre_channel') throw new VolumeDriverError(`no volume driver for "${type}"`);
      return driver;
    },
  };
  const mapper = {
    map: async (initiators: readonly Initiator[]) => {
      diary.push(`map to ${initiators.map(({ wwpn }) => wwpn).join()}`);
      return mapped();
    },
    unmap: async () => void diary.push('unmap'),
  };
  const { recorded, doubt } = options;
  const known = recorded === undefined ? undefined : { uri: '/api/partitions/known', name: 'shop', status: recorded };
  const partitions = {
    ...fakePartitions(known === undefined ? { kind: 'absent' } : { kind: 'ours', partition: known }, noted),
    ...(doubt && { decide: async () => await Promise.reject(doubt) }),
    ...(options.isAtRest === false && {
      requireAtRest: async () => await Promise.reject(new ConflictError('it runs')),
    }),
    isRecorded: () => options.isOfAnother === true,
  };
  const boot = { attempts: 1, loginBeforeZoning };
  const parts = { hmc: { partitions: operations }, partitions, storage, lifecycle, volumeDrivers, boot };
  return { tools: fakeTools(parts), mapper, diary, created, noted };
}

export const nameTaken = new HmcHttpError('create partition', {
  status: 400,
  reason: 8,
  method: 'POST',
  uri: '/api/cpcs/1/partitions',
  hmcMessage: '',
});
