import { describeError, findError } from '../../../src/base/index.ts';
import type { DpmError } from '../../../src/base/index.ts';
import type { SimulatorSnapshot } from '../../../src/simulator/index.ts';

/** How a flow ended, as far as its caller can see. */
export type Ending = 'absorbed' | 'rolled back' | 'stuck';

export interface Verdict {
  readonly ending: Ending;
  /** Empty when all is as it must be. */
  readonly problem: string;
}

export interface Pictures {
  readonly before: SimulatorSnapshot;
  readonly after: SimulatorSnapshot;
  /** What it looks like when the flow succeeds. */
  readonly success: SimulatorSnapshot;
  readonly rests: Rest;
}

/** What is not left behind by a flow that is stuck: what was there before it, or what it was to come to. */
export type Rest = 'as before' | 'as after' | 'either';

/**
 * - absorbed: as if nothing had happened;
 * - rolled back: as before the flow began;
 * - stuck: whatever differs from both is named.
 */
export function judge(failure: unknown, pictures: Pictures): Verdict {
  if (failure === undefined) return { ending: 'absorbed', problem: notLike(pictures.success, pictures.after) };
  const stuck = findError(failure, 'FLOW_STUCK');
  if (stuck !== undefined) return { ending: 'stuck', problem: unnamed(stuck, pictures) };
  const differences = compare(pictures.before, pictures.after);
  const problem = differences.length === 0 ? '' : `not as before: ${differences.join('; ')} (${describeError(failure)})`;
  return { ending: 'rolled back', problem };
}

/** What is there now, gone or changed: by the words that a person would look for. */
export function compare(before: SimulatorSnapshot, after: SimulatorSnapshot): readonly string[] {
  const [was, is] = [things(before), things(after)];
  const gone = [...was.keys()].filter((key) => !is.has(key)).map((key) => `gone: ${key}`);
  const fresh = [...is].flatMap(([key, text]) => {
    const old = was.get(key);
    if (old === undefined) return [`new: ${key}`];
    return old === text ? [] : [`changed: ${key} ${old} -> ${text}`];
  });
  return [...gone, ...fresh];
}

function things({ hmc, san, cinder }: SimulatorSnapshot): ReadonlyMap<string, string> {
  const { partition, hba, ...machine } = hmc;
  const things: [string, unknown][] = [
    ...partition.map((each): [string, unknown] => [`partition ${String(each['name'])}`, each]),
    ...hba.map((each): [string, unknown] => [`vHBA ${String(each['element-uri'])}`, each]),
    ...cinder.volumes.map((each): [string, unknown] => [`volume ${each.id}`, each]),
    ...cinder.attachments.map((each): [string, unknown] => [`attachment ${each.id} of ${each.volumeId}`, each]),
    ...Object.entries(san).map(([key, value]): [string, unknown] => [`SAN ${key}`, value]),
    ['machine', machine],
  ];
  return new Map(things.map(([key, value]) => [key, JSON.stringify(value)]));
}

/** A success differs from another in names and numbers only; `degraded` runs as well as `active` does. */
function notLike(success: SimulatorSnapshot, after: SimulatorSnapshot): string {
  const [wanted, seen] = [outline(success), outline(after)];
  return wanted === seen ? '' : `reported done, but not as it is without a fault: ${seen} (wanted ${wanted})`;
}

function outline({ hmc, san, cinder }: SimulatorSnapshot): string {
  return JSON.stringify({
    partitions: hmc.partition.map((each) => (each['status'] === 'degraded' ? 'active' : each['status'])),
    vhbas: hmc.hba.length,
    masks: san.arrays.map(({ masks }) => masks.length),
    volumes: cinder.volumes.map(({ status }) => status),
    attachments: cinder.attachments.map(({ volumeId, status }) => [volumeId, status]).toSorted(),
  });
}

/** Everything that does not rest where it may is named: partitions by name or instance, volumes by id. */
function unnamed(stuck: DpmError, pictures: Pictures): string {
  const named = JSON.stringify(stuck.facts['leftBehind'] ?? []);
  if (named === '[]') return 'stuck without naming anything';
  const left = [
    ...leftPartitions(pictures).filter((name) => !named.includes(name) && !named.includes(name.slice(-36))),
    ...leftVolumes(pictures).filter((id) => !named.includes(id)),
  ];
  return left.length === 0 ? '' : `left behind and not named: ${left.join(', ')} (named: ${named})`;
}

function leftPartitions({ before, after, rests }: Pictures): string[] {
  const was = new Map(before.hmc.partition.map((each) => [each['name'], JSON.stringify(each)]));
  return after.hmc.partition.flatMap((each) => {
    const mayStay = rests !== 'as after' && was.get(each['name']) === JSON.stringify(each);
    return mayStay ? [] : [String(each['name'])];
  });
}

function leftVolumes({ before, after, success, rests }: Pictures): string[] {
  const [was, done] = [volumeStates(before), volumeStates(success)];
  return [...volumeStates(after)].flatMap(([id, { exact, outline }]) => {
    const isBefore = was.get(id)?.exact === exact;
    const isDone = done.get(id)?.outline === outline;
    const mayStay = { 'as before': isBefore, 'as after': isDone, either: isBefore || isDone }[rests];
    return mayStay ? [] : [id];
  });
}

function volumeStates({ cinder, san }: SimulatorSnapshot) {
  return new Map(
    cinder.volumes.map(({ id, status }) => {
      const attachments = cinder.attachments.filter(({ volumeId }) => volumeId === id);
      const masks = san.arrays.flatMap((array) => array.masks.filter(({ volumeId }) => volumeId === id));
      const exact = JSON.stringify([status, attachments, masks]);
      const outline = JSON.stringify([status, attachments.map((each) => each.status), masks.length]);
      return [id, { exact, outline }] as const;
    }),
  );
}
