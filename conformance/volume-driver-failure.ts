import type { ConnectionInfo, VolumeDriver, VolumeOptions } from 'nova-dpm';
import { inTime, must, mustReject } from './check.ts';
import { emptied, garbled, withSecret } from './distort.ts';
import { conformanceInstance, Rehearsal } from './rehearsal.ts';
import { mustBeTyped, wholeError } from './typed-error.ts';
import { connect, options } from './volume-driver-connect.ts';
import { mustBeEmpty } from './volume-driver-removal.ts';
import type { VolumeDriverCheck, VolumeDriverSubject } from './volume-driver-subject.ts';

/** Checks of failures. */
export const failureChecks: readonly VolumeDriverCheck[] = [
  { name: 'refuses unusable connection_info with a typed error, and changes nothing', run: refusesNonsense },
  { name: 'rolls back a connect that was refused or never began', run: rollsBackNothing },
  { name: 'rolls back a connect that failed, lost its answer, or succeeded', run: rollsBack },
  { name: 'reports a failure of the storage, and succeeds at the next call', run: saysSo },
  { name: 'does nothing if its signal is aborted before the call', run: obeysSignal },
  { name: 'stops when its signal is aborted', run: stops },
  { name: 'keeps passwords of connection_info out of results, errors and log', run: keepsSecrets },
];

async function refusesNonsense({ make, sample }: VolumeDriverSubject): Promise<void> {
  for (const nonsense of [emptied(sample.connectionInfo), garbled(sample.connectionInfo)]) {
    const rehearsal = new Rehearsal(make);
    const work = rehearsal.driver.connectVolume(nonsense, conformanceInstance, options);
    const error = await mustReject(work, `connectVolume accepted data ${JSON.stringify(nonsense.data)}`);
    mustBeTyped(error, 'connectVolume with unusable connection_info');
    mustBeEmpty(rehearsal, 'the refused connect');
  }
}

/** The flow rolls back after any failure of the connect, and has only the connection_info that was refused. */
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
      const who = isAnew ? ' by a new driver' : '';
      mustBeEmpty(rehearsal, `the rollback${who} of a connect ${endOf[fault ?? 'none']}`);
      await driver.rollback(connectionInfo, conformanceInstance, options);
    }
  }
}

const endOf = { before: 'that failed', after: 'whose answer was lost', none: 'that succeeded' } as const;

/** A driver that hides a failed disconnect lets Cinder unmap a volume that the guest still uses. */
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
    const error = await mustReject(work, `${verb} continued although its signal was aborted`);
    must(error === reason, `${verb} threw ${String(error)}, not the signal's reason`);
    mustBeEmpty(rehearsal, `the aborted ${verb}`);
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
    const error = await mustReject(inTime(work, subject.patienceMs), `${verb} ended before the storage did`);
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
