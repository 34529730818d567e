import type { ConnectionInfo, VolumeDriver, VolumeOptions } from 'nova-dpm';
import { inTime, must, mustReject } from './check.ts';
import { emptied, garbled, withSecret } from './distort.ts';
import { conformanceInstance, Rehearsal } from './rehearsal.ts';
import { mustBeTyped, wholeError } from './typed-error.ts';
import { connect, options } from './volume-driver-connect.ts';
import { mustBeEmpty } from './volume-driver-removal.ts';
import type { VolumeDriverCheck, VolumeDriverSubject } from './volume-driver-subject.ts';

/** What becomes of a volume when something goes wrong. */
export const failureChecks: readonly VolumeDriverCheck[] = [
  { name: 'refuses unusable connection_info with a typed error, and changes nothing', run: refusesNonsense },
  { name: 'rolls back what was refused or never begun', run: rollsBackNothing },
  { name: 'rolls back a connect that failed half way, or was done', run: rollsBack },
  { name: 'says so when the storage fails, and succeeds at the next try', run: saysSo },
  { name: 'obeys a signal that fired before the call', run: obeysSignal },
  { name: 'stops when its signal fires', run: stops },
  { name: 'shows no secret of connection_info', run: keepsSecrets },
];

async function refusesNonsense({ make, sample }: VolumeDriverSubject): Promise<void> {
  for (const nonsense of [emptied(sample.connectionInfo), garbled(sample.connectionInfo)]) {
    const rehearsal = new Rehearsal(make);
    const work = rehearsal.driver.connectVolume(nonsense, conformanceInstance, options);
    const error = await mustReject(work, `connectVolume took data ${JSON.stringify(nonsense.data)}`);
    mustBeTyped(error, 'connectVolume with unusable connection_info');
    mustBeEmpty(rehearsal, 'the refused connect');
  }
}

/** The flow rolls back whatever the connect failed with, and has no other connection_info than the one that was refused. */
async function rollsBackNothing({ make, sample }: VolumeDriverSubject): Promise<void> {
  const { driver } = new Rehearsal(make);
  const infos = [sample.connectionInfo, emptied(sample.connectionInfo), garbled(sample.connectionInfo)];
  for (const info of infos) {
    await driver.rollback(info, conformanceInstance, options);
    await driver.rollback(info, conformanceInstance, options);
  }
}

async function rollsBack(subject: VolumeDriverSubject): Promise<void> {
  const { connectionInfo } = subject.sample;
  for (const fault of ['before', 'after', undefined] as const) {
    for (const isAnew of [false, true]) {
      const rehearsal = new Rehearsal(subject.make);
      if (fault !== undefined) rehearsal.storage.failNext('expose', fault);
      await connect(rehearsal, subject).catch(() => undefined);
      const driver = isAnew ? rehearsal.another() : rehearsal.driver;
      await driver.rollback(connectionInfo, conformanceInstance, options);
      const who = isAnew ? ' by a driver made anew' : '';
      mustBeEmpty(rehearsal, `the rollback${who} of a connect ${endOf[fault ?? 'none']}`);
      await driver.rollback(connectionInfo, conformanceInstance, options);
    }
  }
}

const endOf = { before: 'that failed', after: 'whose answer was lost', none: 'that was done' } as const;

/** A volume that is taken for gone, and is not, is unmapped under the guest. */
async function saysSo(subject: VolumeDriverSubject): Promise<void> {
  const { connectionInfo } = subject.sample;
  const rehearsal = new Rehearsal(subject.make);
  rehearsal.storage.failNext('expose', 'before');
  const error = await mustReject(connect(rehearsal, subject), 'connectVolume succeeded although the storage failed');
  mustBeTyped(error, 'connectVolume on a storage that failed');
  for (const verb of ['disconnectVolume', 'rollback'] as const) {
    await connect(rehearsal, subject);
    rehearsal.storage.failNext('conceal', 'before');
    const work = rehearsal.driver[verb](connectionInfo, conformanceInstance, options);
    mustBeTyped(
      await mustReject(work, `${verb} succeeded although the storage failed`),
      `${verb} on a storage that failed`,
    );
    await rehearsal.driver[verb](connectionInfo, conformanceInstance, options);
    mustBeEmpty(rehearsal, `${verb} at the second try`);
  }
}

const verbs = ['connectVolume', 'disconnectVolume', 'rollback'] as const;

async function call(driver: VolumeDriver, verb: (typeof verbs)[number], info: ConnectionInfo, o: VolumeOptions) {
  await driver[verb](info, conformanceInstance, o);
}

async function obeysSignal({ make, sample, patienceMs }: VolumeDriverSubject): Promise<void> {
  const reason = new Error('the caller gave up');
  const aborted = { ...options, signal: AbortSignal.abort(reason) };
  const rehearsal = new Rehearsal(make);
  for (const verb of verbs) {
    const work = inTime(call(rehearsal.driver, verb, sample.connectionInfo, aborted), patienceMs);
    const error = await mustReject(work, `${verb} went on although its signal had fired`);
    must(error === reason, `${verb} threw ${String(error)}, not the signal's reason`);
    mustBeEmpty(rehearsal, `the ${verb} that was not wanted`);
  }
}

async function stops(subject: VolumeDriverSubject): Promise<void> {
  const reason = new Error('the caller gave up');
  for (const verb of verbs) {
    const rehearsal = new Rehearsal(subject.make);
    const controller = new AbortController();
    if (verb !== 'connectVolume') await connect(rehearsal, subject);
    const isCalled = rehearsal.storage.silenceOf(verb === 'connectVolume' ? 'expose' : 'conceal');
    const work = call(rehearsal.driver, verb, subject.sample.connectionInfo, { ...options, signal: controller.signal });
    await Promise.race([isCalled, work]);
    controller.abort(reason);
    const error = await mustReject(inTime(work, subject.patienceMs), `${verb} was done before the storage was`);
    must(error === reason, `${verb} threw ${String(error)}, not the signal's reason`);
  }
}

async function keepsSecrets({ make, sample }: VolumeDriverSubject): Promise<void> {
  const { secret, infos } = withSecret(sample.connectionInfo);
  const told: string[] = [];
  for (const info of infos) {
    const rehearsal = new Rehearsal(make);
    const { driver } = rehearsal;
    const calls = [
      async () => await driver.connectVolume(info, conformanceInstance, options),
      async () => await driver.getVolumePaths(info, conformanceInstance, options),
      async () => await driver.disconnectVolume(info, conformanceInstance, options),
      async () => await driver.rollback(info, conformanceInstance, options),
    ];
    const results = await Promise.allSettled(calls.map(async (each) => await each()));
    told.push(wholeError(results), rehearsal.logged);
  }
  must(
    !told.some((text) => text.includes(secret)),
    'a password of connection_info is in a result, an error or the log',
  );
}
