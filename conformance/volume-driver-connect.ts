import { volumeDriverMethods } from 'nova-dpm';
import type { ConnectedVolume, VolumeInstance, VolumePath } from 'nova-dpm';
import { findNoJson, must, mustReject, shown } from './check.ts';
import { conformanceInstance, optionsOf, Rehearsal } from './rehearsal.ts';
import { mustBeTyped } from './typed-error.ts';
import type { VolumeDriverCheck, VolumeDriverSubject } from './volume-driver-subject.ts';

export const VOLUME = 'f2b9a2d6-3c5e-4a57-8d0e-0f6a4f5b7c01';
export const options = optionsOf(VOLUME, new AbortController().signal);
const sixteenDigits = /^[0-9a-f]{16}$/;
const backwards: VolumeInstance = {
  ...conformanceInstance,
  initiators: conformanceInstance.initiators.toReversed(),
};

/** Checks of a connect. */
export const connectChecks: readonly VolumeDriverCheck[] = [
  { name: 'has every method of the contract', run: hasMethods },
  { name: 'returns a search path, with and without an instance', run: namesSearchPath },
  { name: 'returns paths that begin at ports of the instance', run: connects },
  { name: 'returns plain JSON', run: givesJson },
  { name: 'returns the paths in boot order', run: ordersPaths },
  { name: 'returns the same paths in the same order each time', run: isSteady },
  { name: 'connects a second time without a change', run: connectsTwice },
  { name: 'never uses an excluded target', run: excludesTargets },
  { name: 'does not change its arguments', run: changesNoArgument },
  { name: 'lists the paths of a connected volume, and changes nothing', run: listsPaths },
  { name: 'lists all volumes, and changes nothing', run: listsAll },
];

/** Connects the volume, and checks the form of the result. @returns the result */
export async function connect(
  { driver }: Pick<Rehearsal, 'driver'>,
  { sample }: VolumeDriverSubject,
  instance = conformanceInstance,
): Promise<ConnectedVolume> {
  const connected: unknown = await driver.connectVolume(sample.connectionInfo, instance, options);
  const { paths } = (connected ?? {}) as Partial<ConnectedVolume>; // the compiler cannot check what a third party's code returns
  must(Array.isArray(paths) && paths.length > 0, `connectVolume returned no paths: ${shown(connected)}`);
  return connected as ConnectedVolume;
}

async function hasMethods({ make }: VolumeDriverSubject): Promise<void> {
  const { driver } = new Rehearsal(make);
  const missing = volumeDriverMethods.filter((method) => typeof driver[method] !== 'function');
  must(missing.length === 0, `it has no method ${missing.join(', ')}`);
}

async function namesSearchPath({ make }: VolumeDriverSubject): Promise<void> {
  const { driver } = new Rehearsal(make);
  for (const instance of [conformanceInstance, undefined]) {
    const path: unknown = driver.getSearchPath(instance);
    const isNamed = typeof path === 'string' && path !== '';
    must(isNamed, `getSearchPath returned ${shown(path)} ${instance === undefined ? 'without' : 'for'} an instance`);
  }
}

async function connects(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  const { volumeId, isBoot, paths, pathReason } = await connect(rehearsal, subject);
  must(volumeId === VOLUME && isBoot, `connectVolume of boot volume ${VOLUME} returned ${shown({ volumeId, isBoot })}`);
  for (const path of paths) mustBePath(path);
  const hasReason = typeof pathReason === 'string' && pathReason !== '';
  must(hasReason, 'pathReason does not say why the first path is the first');
  const exposed = rehearsal.storage.snapshot().map((volume) => volume.volumeId);
  must(
    shown(exposed) === shown([VOLUME]),
    `context.storage.expose was called with ${shown(exposed)}, expected the volume`,
  );
}

function mustBePath(path: VolumePath): void {
  const { initiatorWwpn, targetWwpn, lun, deviceNumber } = path;
  const port = conformanceInstance.initiators.find(({ wwpn }) => wwpn === initiatorWwpn);
  must(port !== undefined, `the path ${shown(path)} begins at no port of the instance`);
  must(sixteenDigits.test(targetWwpn), `targetWwpn ${shown(targetWwpn)} is not 16 lower-case hex digits`);
  must(sixteenDigits.test(lun), `lun ${shown(lun)} is not 16 lower-case hex digits`);
  const isKnown = deviceNumber === port.deviceNumber;
  must(isKnown, `deviceNumber is ${shown(deviceNumber)}, expected that of the port, ${shown(port.deviceNumber)}`);
}

/** The result is written to the journal, and read by another process. */
async function givesJson(subject: VolumeDriverSubject): Promise<void> {
  const connected = await connect(new Rehearsal(subject.make), subject);
  const oddity = findNoJson(connected, 'it');
  must(oddity === undefined, `connectVolume returned a value that JSON cannot represent: ${oddity ?? ''}`);
}

async function ordersPaths(subject: VolumeDriverSubject): Promise<void> {
  const { paths } = await connect(new Rehearsal(subject.make), subject);
  const texts = paths.map(textOf);
  const twice = texts.find((text, index) => texts.indexOf(text) !== index);
  must(twice === undefined, `the path ${twice ?? ''} is listed twice`);
  const expected = subject.sample.paths?.map(textOf);
  const isExpected = expected === undefined || shown(texts) === shown(expected);
  must(isExpected, `the paths are ${texts.join(', ')}, expected ${expected?.join(', ') ?? ''}`);
  mustPreferFirstPort(paths, conformanceInstance);
  mustPreferFirstPort((await connect(new Rehearsal(subject.make), subject, backwards)).paths, backwards);
}

/** The first configured adapter port is preferred for boot. */
function mustPreferFirstPort(paths: readonly VolumePath[], { initiators }: VolumeInstance): void {
  const preferred = initiators.find(({ wwpn }) => paths.some(({ initiatorWwpn }) => initiatorWwpn === wwpn))?.wwpn;
  const first = paths[0]?.initiatorWwpn;
  must(
    first === preferred,
    `the first path begins at ${first ?? 'no port'}, expected the preferred port ${preferred ?? 'none'}`,
  );
}

function textOf({ initiatorWwpn, targetWwpn, lun }: Pick<VolumePath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>): string {
  return `${initiatorWwpn} → ${targetWwpn} ${lun}`;
}

async function isSteady(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  const first = (await connect(rehearsal, subject)).paths.map(textOf);
  for (const driver of [rehearsal.driver, rehearsal.another()]) {
    const again = (await connect({ driver }, subject)).paths.map(textOf);
    must(shown(again) === shown(first), `the paths changed from ${first.join(', ')} to ${again.join(', ')}`);
  }
}

async function connectsTwice(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  const first = shown(await connect(rehearsal, subject));
  const state = shown(rehearsal.storage.snapshot());
  const second = shown(await connect(rehearsal, subject));
  must(second === first, `the first connect returned ${first}, the second ${second}`);
  const now = shown(rehearsal.storage.snapshot());
  must(now === state, `the second connect changed the storage from ${state} to ${now}`);
}

async function excludesTargets(subject: VolumeDriverSubject): Promise<void> {
  const all = await connect(new Rehearsal(subject.make), subject);
  const targets = [...new Set(all.paths.map(({ targetWwpn }) => targetWwpn))];
  for (const target of targets.length > 1 ? targets : []) {
    const { paths } = await connect(new Rehearsal(subject.make, [target]), subject);
    must(
      paths.every(({ targetWwpn }) => targetWwpn !== target),
      `target ${target} is used although it is excluded`,
    );
  }
  const without = new Rehearsal(subject.make, targets);
  const error = await mustReject(connect(without, subject), 'it connected although every target is excluded');
  mustBeTyped(error, 'connectVolume without a usable target');
  must(without.storage.snapshot().length === 0, 'it exposed a volume that it could not connect');
}

async function changesNoArgument(subject: VolumeDriverSubject): Promise<void> {
  const connectionInfo = structuredClone(subject.sample.connectionInfo);
  const instance = structuredClone(conformanceInstance);
  const before = shown({ connectionInfo, instance });
  const { driver } = new Rehearsal(subject.make);
  await driver.connectVolume(connectionInfo, instance, options);
  await driver.getVolumePaths(connectionInfo, instance, options);
  await driver.disconnectVolume(connectionInfo, instance, options);
  await driver.rollback(connectionInfo, instance, options);
  const after = shown({ connectionInfo, instance });
  must(after === before, `its arguments changed from ${before} to ${after}`);
}

async function listsPaths(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  const connected = await connect(rehearsal, subject);
  const state = shown(rehearsal.storage.snapshot());
  const listed = await rehearsal.driver.getVolumePaths(subject.sample.connectionInfo, conformanceInstance, options);
  const [has, wants] = [listed, connected.paths].map((paths) => shown(paths.map(textOf).toSorted()));
  must(has === wants, `getVolumePaths returned ${has ?? ''}, but connectVolume returned ${wants ?? ''}`);
  must(shown(rehearsal.storage.snapshot()) === state, 'getVolumePaths changed the storage');
}

async function listsAll(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  await connect(rehearsal, subject);
  const state = shown(rehearsal.storage.snapshot());
  const lines: unknown = await rehearsal.driver.getAllVolumes(conformanceInstance, options);
  const areLines = Array.isArray(lines) && lines.every((line) => typeof line === 'string' && !line.includes('\n'));
  must(areLines, `getAllVolumes returned ${shown(lines)}, expected one line of text for each`);
  must(shown(rehearsal.storage.snapshot()) === state, 'getAllVolumes changed the storage');
}
