import type { FaultRule } from '../../src/simulator/index.ts';
import { installerFile } from '../support/installer-file.ts';
import { PAYROLL } from '../support/payroll.ts';
import type { Act } from '../support/worker/order.ts';

/** One operation that a process is killed in: what comes before it, and what makes it fail, so that it goes back. */
export interface Flow {
  readonly name: string;
  readonly prepare: readonly Act[];
  readonly act: Act;
  readonly fault?: FaultRule;
}

const server = 'web1';
const [boot, data] = ['boot-1', 'data-1'];
const create = { verb: 'create', server, volumes: [boot] } as const;
const createWithData = { verb: 'create', server, volumes: [boot, data], networks: ['net1'] } as const;
const createFromIso = { verb: 'create', server, volumes: [data], iso: installerFile() } as const;
const rescue = { verb: 'rescue', server, volume: 'boot-2' } as const;
const rescueIso = { verb: 'rescue', server, iso: installerFile() } as const;
const addData = { verb: 'add-volume', server, volume: data } as const;
const addNet = { verb: 'add-network', server, network: 'net1' } as const;
const removeNet = { verb: 'remove-network', server, network: 'net1' } as const;
const stopped = { verb: 'stop', server } as const;
const removeData = { verb: 'remove-volume', server, volume: data } as const;

/** Every operation that writes a journal. */
export const journaled: readonly Flow[] = [
  { name: 'build', prepare: [], act: createWithData },
  { name: 'delete', prepare: [createWithData], act: { verb: 'delete', server } },
  { name: 'add-volume', prepare: [create], act: addData },
  { name: 'remove-volume', prepare: [create, addData], act: removeData },
  { name: 'add-network', prepare: [create], act: addNet },
  { name: 'remove-network', prepare: [create, addNet], act: removeNet },
  { name: 'resize', prepare: [create, stopped], act: { verb: 'resize', server, vcpus: 2, memoryMib: 2048 } },
  {
    name: 'set-properties',
    prepare: [create],
    act: { verb: 'set', server, properties: { 'dpm:boot_timeout': '120' } },
  },
  { name: 'build from an ISO image', prepare: [], act: createFromIso },
  { name: 'rescue', prepare: [create], act: rescue },
  { name: 'unrescue', prepare: [create, rescue], act: { verb: 'unrescue', server } },
  { name: 'rescue-iso', prepare: [create], act: rescueIso },
  { name: 'unrescue-iso', prepare: [create, rescueIso], act: { verb: 'unrescue', server } },
  { name: 'rebuild', prepare: [create], act: { verb: 'rebuild', server, volume: 'boot-2' } },
  { name: 'set-boot', prepare: [createFromIso], act: { verb: 'boot-from-volume', server } },
];

const locally = { partition: PAYROLL, volume: data } as const;

/** Volumes without Nova: the world has somebody's partition. */
export const local: readonly Flow[] = [
  { name: 'local-attach', prepare: [], act: { verb: 'local-attach', ...locally } },
  {
    name: 'local-detach',
    prepare: [{ verb: 'local-attach', ...locally }],
    act: { verb: 'local-detach', ...locally },
  },
];

/** Power verbs keep no journal: they are killed at each answer. */
export const power: readonly Flow[] = [
  { name: 'stop', prepare: [create], act: { verb: 'stop', server } },
  { name: 'start', prepare: [create, { verb: 'stop', server }], act: { verb: 'start', server } },
  { name: 'soft stop', prepare: [create], act: { verb: 'soft-stop', server } },
  { name: 'reboot', prepare: [create], act: { verb: 'reboot', server } },
];

/** Refused for good, without a doubt about its effect: the flow goes back. */
function refusal(where: 'hmc' | 'cinder', operation: string): FaultRule {
  const kind = where === 'hmc' ? { type: 'refuse', status: 403, reason: 1 } : { type: 'refuse', status: 403 };
  return { id: 'refusal', server: where, operation, when: { times: -1 }, kind } as FaultRule; // the two literals are such kinds
}

/** The same, failing at their last step that can be undone. */
export function failing(cinder: 'attachments' | 'legacy'): readonly Flow[] {
  const [complete, release] =
    cinder === 'legacy' ? ['os-attach', 'os-terminate_connection'] : ['Complete Attachment', 'Delete Attachment'];
  return [
    { name: 'build, going back', prepare: [], act: createWithData, fault: refusal('hmc', 'Start Partition') },
    { name: 'add-volume, going back', prepare: [create], act: addData, fault: refusal('cinder', complete) },
    {
      name: 'remove-volume, going back',
      prepare: [create, addData],
      act: removeData,
      fault: refusal('cinder', release),
    },
    { name: 'add-network, going back', prepare: [create], act: addNet, fault: refusal('hmc', 'Create NIC') },
  ];
}
