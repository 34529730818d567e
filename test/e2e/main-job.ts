import { describe, expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Played, Printed, Stage } from '../support/stage.ts';

/*
 * The main job of the README, by the command that a user types, over HTTPS, on every machine that there is: the same
 * commands and output, the same steps but for those on storage groups, and nothing left.
 */

export const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;
type Machine = (typeof machines)[number];
type Order = 'deferred' | 'stock';

/** What the machine is; all else is the same on all of them. */
const traits = {
  z13: { model: 'hba', device: 'storage-adapter', says: /^vHBAs, 2 for each partition/ },
  groups: { model: 'storage-group', device: 'storage-volume', says: /^storage groups, one for each instance/ },
} as const;

/** What the driver does for `server create`, in its order. A storage group knows a single volume before the boot properties are set. */
const acts = {
  deferred: {
    z13: ['create-partition', 'create-ports', 'map-volumes', 'connect-volumes', 'set-boot', 'start-partition'],
    groups: [
      ...['create-storage-group', 'create-partition', 'create-ports', 'map-volumes'],
      ...['connect-volumes', 'set-boot', 'start-partition'],
    ],
  },
  stock: {
    z13: ['create-partition', 'create-ports', 'connect-volumes', 'set-boot', 'start-partition'],
    groups: [
      ...['create-storage-group', 'create-partition', 'create-ports'],
      ...['connect-volumes', 'wait-for-luns', 'set-boot', 'start-partition'],
    ],
  },
} as const;
/** What only machines with storage groups do. */
const groupActs = /: (create-storage-group|wait-for-luns|detach-storage-groups|delete-storage-group)$/;

/** One after the other, as an operator's day has them; each ends with exit code 0. */
const job = [
  ['create', 'server create web1 --vcpus 2 --memory 4096 --volume boot-1'],
  ['show', 'server show web1'],
  ['add', 'server add volume web1 data-1'],
  ['remove', 'server remove volume web1 data-1'],
  ['stop', 'server stop web1'],
  ['add stopped', 'server add volume web1 data-2'],
  ['start', 'server start web1'],
  ['reboot', 'server reboot web1 --hard'],
  ['connector', 'get-connector --server web1'],
  ['list', 'server list'],
  ['partitions', 'partition list'],
  ['hypervisor', 'hypervisor show'],
  ['stats', 'hypervisor stats'],
  ['flows', 'flow list'],
  ['verify', 'verify'],
  ['delete', 'server delete web1'],
  ['verify after', 'verify'],
  ['list after', 'server list'],
] as const;
type Act = (typeof job)[number][0];
type Job = Readonly<Record<Act, Played>>;

async function playJob({ dpm }: Stage): Promise<Job> {
  const played: [Act, Played][] = [];
  for (const [act, line] of job) {
    const ran = await dpm(...line.split(' '));
    expect(ran, `dpm ${line}: ${ran.stderr}`).toMatchObject({ code: 0 });
    played.push([act, ran]);
  }
  return Object.fromEntries(played) as Job; // one entry for each act of the job
}

/** The shape of what was printed: keys all the way down, an array by its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]));
}

/** What the commands did and printed, apart from their values, from the order of the steps, and from storage groups. */
function outline(played: Job): unknown {
  return job.map(([act]) => {
    const steps = played[act].steps.filter((step) => !groupActs.test(step)).toSorted();
    return { act, steps, shape: shapeOf(played[act].printed) };
  });
}

/** The job on a machine, and what doctor said before it. */
async function playOn(machine: Machine, order: Order) {
  await using stage = await startStage({ machine, set: { 'dpm.spawn_order': order } });
  const { sim, dpm } = stage;
  const before = sim.snapshot();
  const doctor = (await dpm('doctor')).printed as Printed[];
  const played = await playJob(stage);
  return { volumes: sim.volumes.map(({ id }) => id), before, doctor, played, after: sim.snapshot() };
}

/** Tests the main job on these machines, of which each does and prints what a z13 does. */
export function testMainJob(machines: readonly Machine[]): void {
  describe.each(['deferred', 'stock'] as const)('in the %s order', (order) => {
    /** Played once: the others are compared with it. */
    let z13: ReturnType<typeof playOn> | undefined;
    const onZ13 = async () => await (z13 ??= playOn('z13', order));

    test.each(machines)(
      'the main job does and prints the same on a %s as on a z13, and leaves nothing',
      async (machine) => {
        const kind = machine === 'z13' ? 'z13' : 'groups';
        const { model, device, says } = traits[kind];

        const run = machine === 'z13' ? await onZ13() : await playOn(machine, order);

        const { doctor, played } = run;
        expect(doctor.filter(({ status }) => status !== 'ok')).toEqual([]);
        expect(doctor.find(({ check }) => check === 'storage model')?.detail).toMatch(says);
        const [boot, , data1, data2] = run.volumes;
        const { create, show, add, remove, start, hypervisor, list } = played;
        expect(create.steps.filter((step) => step.endsWith(': start-partition'))).toHaveLength(1);
        const ofDriver = create.steps.filter((step) => /^(spawn|prepare-for-spawn): /.test(step));
        expect(ofDriver.map((step) => step.split(': ')[1])).toEqual(acts[order][kind]);
        expect(create.printed).toEqual(show.printed);
        expect(show.printed).toMatchObject({ name: 'web1', status: 'ACTIVE', power_state: 'running', fault: null });
        expect(show.printed).toMatchObject({ storage_model: model, partition_status: 'active', boot: { device } });
        expect(volumesOf(add)).toEqual([boot, data1]);
        expect(volumesOf(remove)).toEqual([boot]);
        expect(played['add stopped'].printed).toMatchObject({ status: 'SHUTOFF', partition_status: 'stopped' });
        expect(volumesOf(start)).toEqual([boot, data2]);
        expect(start.printed).toMatchObject({ status: 'ACTIVE', partition_status: 'active' });
        expect(list.printed).toMatchObject([{ name: 'web1', status: 'ACTIVE', power_state: 'running' }]);
        expect(hypervisor.printed).toMatchObject({ storage_model: model, vcpus_used: 2, memory_mb_used: 4096 });
        for (const act of ['verify', 'verify after', 'list after'] as const) expect(played[act].printed).toEqual([]);
        expect(outline(played)).toEqual(outline((await onZ13()).played));
        expect(run.after).toEqual(run.before);
      },
    );
  });
}

function volumesOf({ printed }: Played): readonly unknown[] {
  return (printed as { readonly volumes: readonly Printed[] }).volumes.map(({ volume_id: id }) => id);
}
