import { describeError, findError } from '../../src/base/index.ts';
import type { DpmError } from '../../src/base/index.ts';
import { PAYROLL } from '../support/payroll.ts';
import type { Picture } from './stage.ts';

/** How a flow ended, as far as its caller can see. */
export type Ending = 'absorbed' | 'rolled back' | 'stuck' | 'waiting' | 'unfinished';

export interface Verdict {
  readonly ending: Ending;
  /** Empty when all is as it must be. */
  readonly problem: string;
}

export interface Pictures {
  readonly before: Picture;
  readonly after: Picture;
  /** What it looks like when the flow succeeds. */
  readonly success: Picture;
  readonly rests: Rest;
  /** A verb of the driver that nobody journals. */
  readonly isVerb: boolean;
}

/** What is not left behind by a flow that failed: what was there before it, or what it was to come to. */
export type Rest = 'as before' | 'as after' | 'either' | 'in any power state' | 'on the way';

/**
 * - absorbed: as if nothing had happened;
 * - rolled back: as before the flow began;
 * - unfinished: a verb without a journal has failed; its caller calls it again. No port is given up that is masked;
 * - stuck, or waiting for a peer that does not answer: whatever differs from both is named.
 */
export function judge(failure: unknown, seen: Pictures): Verdict {
  const pictures = { ...seen, before: withNames(seen.before), after: withNames(seen.after) };
  if (failure === undefined) return { ending: 'absorbed', problem: notLike(pictures.success, pictures.after) };
  if (seen.isVerb) return judgeVerb(failure, pictures);
  const left = findError(failure, 'FLOW_STUCK', 'FLOW_WAITING');
  if (left !== undefined) {
    return { ending: left.code === 'FLOW_STUCK' ? 'stuck' : 'waiting', problem: unnamed(left, pictures) };
  }
  const differences = rollBackDifferences(pictures);
  const problem =
    differences.length === 0 ? '' : `not as before: ${differences.join('; ')} (${describeError(failure)})`;
  return { ending: 'rolled back', problem };
}

/** Nobody has journaled it: its caller knows no more than its error. */
function judgeVerb(failure: unknown, pictures: Pictures): Verdict {
  const differences = rollBackDifferences(pictures);
  if (differences.length === 0) return { ending: 'rolled back', problem: '' };
  const lost = givenUp(pictures.after);
  if (pictures.rests === 'on the way') return { ending: 'unfinished', problem: lost };
  const isTold = describeError(failure).includes('could not be undone');
  return { ending: 'unfinished', problem: isTold ? lost : `left behind and not told: ${differences.join('; ')}` };
}

/**
 * A volume that was removed from a group and added again is another element, and the same volume: by its name. So is a port
 * of a group that was taken from its partition and given back: by its WWPN. A NIC that was deleted and created again is the
 * same by its name; the machine chooses its MAC address.
 */
function withNames(snapshot: Picture): Picture {
  let text = JSON.stringify(snapshot.hmc);
  for (const volume of snapshot.hmc['storage-volume'])
    text = text.replaceAll(textOf(volume, 'element-id'), `named ${textOf(volume, 'name')}`);
  for (const port of snapshot.hmc['virtual-storage-resource'])
    text = text.replaceAll(textOf(port, 'element-id'), `port ${wwpnOf(port)}`);
  for (const nic of snapshot.hmc.nic) {
    text = text.replaceAll(textOf(nic, 'element-id'), `NIC ${textOf(nic, 'name')}`);
    text = text.replaceAll(textOf(nic, 'mac-address'), 'chosen by the machine');
  }
  return { ...snapshot, hmc: JSON.parse(text) as Picture['hmc'] }; // only texts have changed
}

/**
 * Where the machine tells how ports log in, it tells both together. Source: python-zhmcclient
 * _virtual_storage_resource.py.
 */
function wwpnOf(port: Readonly<Record<string, unknown>>): string {
  const info = port['world-wide-port-name-info'];
  return textOf(typeof info === 'object' && info !== null ? { ...info } : port, 'world-wide-port-name');
}

/**
 * A start or stop that failed has no way back: the partition is in some status, and all else as it was. A detach that
 * turns out to have happened after all stays so.
 */
function rollBackDifferences({ before, after, success, rests }: Pictures): readonly string[] {
  if (rests === 'either' && notLike(success, after) === '') return [];
  return rests === 'in any power state' ? compare(withoutPower(before), withoutPower(after)) : compare(before, after);
}

const powerProperties: ReadonlySet<string> = new Set([
  'status',
  'has-unacceptable-status',
  'os-name',
  'os-type',
  'os-version',
  'partition-id',
  'degraded-adapters',
  'boot-os-specific-parameters', // written anew before each start
]);

function withoutPower(snapshot: Picture): Picture {
  const partition = snapshot.hmc.partition.map((each) =>
    Object.fromEntries(Object.entries(each).filter(([key]) => !powerProperties.has(key))),
  );
  // A started partition takes its share of CPC and adapters.
  return { ...snapshot, hmc: { ...snapshot.hmc, partition, cpc: [], adapter: [] } };
}

/** What is there now, gone or changed: by the words that a person would look for. */
export function compare(before: Picture, after: Picture): readonly string[] {
  const [was, is] = [things(before), things(after)];
  const gone = [...was.keys()].filter((key) => !is.has(key)).map((key) => `gone: ${key}`);
  const fresh = [...is].flatMap(([key, text]) => {
    const old = was.get(key);
    if (old === undefined) return [`new: ${key}`];
    return old === text ? [] : [`changed: ${key} ${old} -> ${text}`];
  });
  return [...gone, ...fresh];
}

function things({ hmc, san, cinder, linux }: Picture): ReadonlyMap<string, string> {
  const machine = Object.entries(hmc).flatMap(([kind, list]) =>
    list.map((each): [string, unknown] => {
      const uri = textOf(each, 'element-uri') || textOf(each, 'object-uri');
      return [`${kind} ${textOf(each, 'name')} ${uri}`, each];
    }),
  );
  const things: [string, unknown][] = [
    ...machine,
    ...cinder.volumes.map((each): [string, unknown] => [`volume ${each.id}`, each]),
    ...cinder.attachments.map((each): [string, unknown] => [`attachment ${each.id} of ${each.volumeId}`, each]),
    ...Object.entries(linux).map(([key, value]): [string, unknown] => [`on the host ${key}`, value]),
    ...Object.entries(san).map(([key, value]): [string, unknown] => [`SAN ${key}`, value]),
  ];
  return new Map(things.map(([key, value]) => [key, JSON.stringify(value)]));
}

/** Ports that nobody has any more, and that the array still shows a volume to: the next partition may get them. */
export function givenUp({ cinder, hmc, san }: Picture): string {
  const ports = new Set([
    ...hmc.hba.map((each) => textOf(each, 'wwpn')),
    ...hmc['virtual-storage-resource'].map(wwpnOf),
  ]);
  // A storage administrator masks by hand, and to groups that come and go.
  const volumes = new Set(cinder.volumes.map(({ id }) => id));
  const masks = san.arrays.flatMap((array) => array.masks.filter(({ volumeId }) => volumes.has(volumeId)));
  const masked = masks.flatMap(({ initiators }) => initiators);
  const lost = masked.filter((wwpn) => !ports.has(wwpn));
  return lost.length === 0 ? '' : `masked to ports that were given up: ${[...new Set(lost)].join(', ')}`;
}

/** A success differs from another in names and numbers only; `degraded` runs as well as `active` does. */
export function notLike(success: Picture, after: Picture): string {
  const [wanted, seen] = [outline(success), outline(after)];
  return wanted === seen ? '' : `reported done, but not as it is without a fault: ${seen} (wanted ${wanted})`;
}

function outline({ hmc, san, cinder, linux }: Picture): string {
  return JSON.stringify({
    partitions: hmc.partition.map((each) => (each.status === 'degraded' ? 'active' : each.status)),
    vhbas: hmc.hba.length,
    nics: hmc.nic.length,
    groups: hmc['storage-group'].map((each) => each['fulfillment-state']),
    storageVolumes: hmc['storage-volume'].map((each) => `${textOf(each, 'name')} ${textOf(each, 'usage')}`).toSorted(),
    resources: hmc['virtual-storage-resource'].length,
    masks: san.arrays.map(({ masks }) => masks.length),
    linux,
    volumes: cinder.volumes.map(({ status }) => status),
    attachments: cinder.attachments.map(({ volumeId, status }) => `${volumeId} ${status}`).toSorted(),
  });
}

/** Everything that does not rest where it may is named: partitions and groups by name or instance, volumes by id. */
function unnamed(stuck: DpmError, pictures: Pictures): string {
  const named = JSON.stringify(stuck.facts.leftBehind ?? []);
  if (named === '[]') return 'stuck without naming anything';
  const left = unaccounted(pictures).filter((word) => !named.includes(word) && !named.includes(word.slice(-36)));
  return left.length === 0 ? '' : `left behind and not named: ${left.join(', ')} (named: ${named})`;
}

/** What does not rest where it may, by the words that name it. */
export function unaccounted(pictures: Pictures): readonly string[] {
  return [...left('partition', pictures), ...left('storage-group', pictures), ...leftVolumes(pictures)];
}

function left(kind: 'partition' | 'storage-group', { before, after, success, rests }: Pictures): string[] {
  // What a group contains is told by its volumes.
  const picture = (thing: unknown) => (kind === 'partition' ? JSON.stringify(thing) : '');
  const was = new Map(before.hmc[kind].map((each) => [each.name, picture(each)]));
  const done = new Map(success.hmc[kind].map((each) => [each.name, picture(each)]));
  return after.hmc[kind].flatMap((each) => {
    const name = textOf(each, 'name');
    const mayStay = rests !== 'as after' && was.get(name) === picture(each);
    const isDone = name === PAYROLL && rests === 'either' && done.get(name) === picture(each);
    return mayStay || isDone || !isOurs(name) ? [] : [wordFor(name, after)];
  });
}

function isOurs(name: string): boolean {
  return name.startsWith('OpenStack-') || name === PAYROLL;
}

/** The storage group that was made for somebody's partition is named by the partition. */
function wordFor(name: string, { hmc }: Picture): string {
  const payroll = hmc.partition.find((each) => each.name === PAYROLL);
  return payroll !== undefined && name.endsWith(textOf(payroll, 'object-id')) ? PAYROLL : name;
}

function textOf(thing: Readonly<Record<string, unknown>>, key: string): string {
  const value = thing[key];
  return typeof value === 'string' ? value : '';
}

function leftVolumes({ before, after, success, rests }: Pictures): string[] {
  const [was, done] = [volumeStates(before), volumeStates(success)];
  return [...volumeStates(after)].flatMap(([id, { exact, outline }]) => {
    const isBefore = was.get(id)?.exact === exact;
    const isDone = done.get(id)?.outline === outline;
    const mayStay = {
      'as before': isBefore,
      'in any power state': isBefore,
      'as after': isDone,
      either: isBefore || isDone,
      'on the way': true, // it is in no journal
    }[rests];
    return mayStay ? [] : [id];
  });
}

function volumeStates({ hmc, cinder, san, linux }: Picture) {
  return new Map(
    cinder.volumes.map(({ id, status }) => {
      const attachments = cinder.attachments.filter(({ volumeId }) => volumeId === id);
      const masks = san.arrays.flatMap((array) => array.masks.filter(({ volumeId }) => volumeId === id));
      const elements = hmc['storage-volume'].filter(({ name }) => name === id);
      const exact = JSON.stringify([status, attachments, masks, elements, linux[id]]);
      const states = attachments.map((each) => each.status);
      const outline = JSON.stringify([status, states, masks.length, elements.length, linux[id]]);
      return [id, { exact, outline }] as const;
    }),
  );
}
