import { describeError } from 'nova-dpm';
import type { DeviceInfo, HostConnector } from 'nova-dpm';
import { inTime, must, mustReject, shown } from './check.ts';
import type { HostConnectorCheck, HostConnectorTrial } from './connector-subject.ts';
import { emptied, garbled, withSecret } from './distort.ts';
import { HostRehearsal } from './host-rehearsal.ts';
import type { HostFault } from './host-rehearsal.ts';
import { mustBeTyped, wholeError } from './typed-error.ts';

/** Checks of failures. */
export const failureChecks: readonly HostConnectorCheck[] = [
  { name: 'refuses unusable connection_info with a typed error, and changes nothing', run: refusesNonsense },
  { name: 'does nothing if its signal is aborted before the call', run: obeysSignal },
  { name: 'stops when its signal is aborted', run: stops },
  { name: 'undoes a connect that failed', run: takesBack },
  { name: 'reports a failed disconnect, and succeeds at the next call', run: saysSo },
  { name: 'names the devices that a failed disconnect left', run: namesWhatIsLeft },
  { name: 'keeps passwords of connection_info out of results, errors and log', run: keepsSecrets },
];

/** Only if the host can keep a volume in use. */
export const useInTheWayChecks: readonly HostConnectorCheck[] = [
  { name: 'refuses to disconnect a volume that is in use, even with force', run: refusesWhatIsUsed },
];

async function refusesNonsense(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, waiting } = rehearsal;
  for (const nonsense of [emptied(rehearsal.info), garbled(rehearsal.info)]) {
    const work = connector.connectVolume(nonsense, waiting);
    const error = await mustReject(work, `connectVolume accepted data ${shown(nonsense.data)}`);
    mustBeTyped(error, 'connectVolume with unusable connection_info');
    rehearsal.mustBeAsBefore('the refused connect');
  }
}

const verbs = ['connectVolume', 'disconnectVolume'] as const;
type Verb = (typeof verbs)[number];

async function call(connector: HostConnector, verb: Verb, { info }: HostRehearsal, signal: AbortSignal) {
  if (verb === 'connectVolume') await connector.connectVolume(info, { signal });
  else await connector.disconnectVolume(info, undefined, { signal });
}

async function obeysSignal(trial: HostConnectorTrial): Promise<void> {
  const reason = new Error('the caller gave up');
  for (const verb of verbs) {
    await using rehearsal = new HostRehearsal(trial);
    if (verb === 'disconnectVolume') await rehearsal.connect();
    const { state } = rehearsal;
    const work = inTime(call(rehearsal.connector, verb, rehearsal, AbortSignal.abort(reason)), trial.patienceMs);
    const error = await mustReject(work, `${verb} continued although its signal was aborted`);
    must(error === reason, `${verb} threw ${String(error)}, not the signal's reason`);
    must(rehearsal.state === state, `the aborted ${verb} changed something`);
    await rehearsal.disconnect(undefined);
  }
}

/** Checks for each write and each command: a connector that fails there undoes its partial work, or can be called again. */
async function stops(trial: HostConnectorTrial): Promise<void> {
  for (const verb of verbs) {
    const operations = await countOf(trial, verb);
    for (let at = 1; at <= operations; at += 1) await stopsAt(trial, verb, at);
  }
}

async function stopsAt(trial: HostConnectorTrial, verb: Verb, at: number): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = verb === 'disconnectVolume' ? await rehearsal.connect() : undefined;
  const [reason, controller] = [new Error('the caller gave up'), new AbortController()];
  const isCalled = rehearsal.faults.silenceAt(at);
  const work = call(rehearsal.connector, verb, rehearsal, controller.signal);
  await Promise.race([isCalled, work]);
  controller.abort(reason);
  const done = `${verb} ended before ${ordinal(at)} operation`;
  const error = await mustReject(inTime(work, trial.patienceMs), done);
  must(error === reason, `${verb} threw ${String(error)}, not the signal's reason`);
  rehearsal.faults.mend();
  if (verb === 'connectVolume') rehearsal.mustBeAsBefore('the aborted connect');
  await rehearsal.disconnect(device);
  rehearsal.mustBeAsBefore('the next disconnect');
}

/** Returns the number of writes and commands without failures. */
async function countOf(trial: HostConnectorTrial, verb: Verb): Promise<number> {
  await using rehearsal = new HostRehearsal(trial);
  const { faults, connector, info, waiting } = rehearsal;
  const device = await rehearsal.connect();
  const toConnect = faults.count;
  faults.mend();
  await connector.disconnectVolume(info, device, waiting);
  return verb === 'connectVolume' ? toConnect : faults.count;
}

async function takesBack(trial: HostConnectorTrial): Promise<void> {
  const operations = await countOf(trial, 'connectVolume');
  for (const [at, fault] of faultsOf(operations)) {
    await using rehearsal = new HostRehearsal(trial);
    rehearsal.faults.plan(at, fault);
    const end = await endOf(rehearsal.connector.connectVolume(rehearsal.info, rehearsal.waiting));
    rehearsal.faults.mend();
    const after = `the connect whose ${ordinal(at)} operation failed (${fault})`;
    if (end.error !== undefined) {
      mustBeTyped(end.error, after);
      // When every operation fails, the undo fails too. The next disconnect must still find the devices.
      if (fault !== 'from then on') rehearsal.mustBeAsBefore(after);
    }
    await rehearsal.disconnect(end.value);
    rehearsal.mustBeAsBefore(`a disconnect after ${after}`);
  }
}

/** A connector that hides a failed disconnect lets Cinder unmap a volume that is still in use. */
async function saysSo(trial: HostConnectorTrial): Promise<void> {
  await withFailedDisconnects(trial, async (rehearsal, device, after, error) => {
    if (error === undefined) rehearsal.mustBeAsBefore(`${after} succeeded, and`);
    else mustBeTyped(error, after);
    await rehearsal.disconnect(device);
    rehearsal.mustBeAsBefore(`the disconnect after ${after}`);
  });
}

/** Checks that the message identifies the device. */
async function namesWhatIsLeft(trial: HostConnectorTrial): Promise<void> {
  await withFailedDisconnects(trial, async (rehearsal, device, after, error, names) => {
    const text = describeError(error ?? '');
    const isNamed = error === undefined || rehearsal.isAsBefore() || names.some((name) => text.includes(name));
    await rehearsal.disconnect(device).catch(() => undefined); // another check tests whether that succeeds
    must(isNamed, `${after} left the volume there, and its message "${text}" names none of ${names.join(', ')}`);
  });
}

type Look = (
  rehearsal: HostRehearsal,
  device: DeviceInfo,
  after: string,
  error: unknown,
  names: readonly string[],
) => Promise<void>;

async function withFailedDisconnects(trial: HostConnectorTrial, look: Look): Promise<void> {
  const operations = await countOf(trial, 'disconnectVolume');
  for (const [at, fault] of faultsOf(operations)) {
    await using rehearsal = new HostRehearsal(trial);
    const { connector, info, waiting, faults } = rehearsal;
    const device = await rehearsal.connect();
    const paths = await connector.getVolumePaths(info, waiting);
    // A path without a device is identified by its LUN.
    const names = [device.path, ...paths.flatMap((path) => [path.path, path.device, path.map, path.lun])];
    faults.plan(at, fault);
    const { error } = await endOf(connector.disconnectVolume(info, device, waiting));
    faults.mend();
    const after = `the disconnect whose ${ordinal(at)} operation failed (${fault})`;
    await look(rehearsal, device, after, error, [...new Set(names.flatMap((name) => name ?? []))]);
  }
}

function* faultsOf(operations: number): Generator<readonly [at: number, fault: HostFault]> {
  for (let at = 1; at <= operations; at += 1) {
    for (const fault of ['before', 'after', 'from then on'] as const) yield [at, fault];
  }
}

async function endOf<T>(work: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  return await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

function ordinal(at: number): string {
  return `${at}.`;
}

async function refusesWhatIsUsed(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, info, waiting, subject } = rehearsal;
  const device = await rehearsal.connect();
  const { state } = rehearsal;
  const release = subject.use?.(device);
  try {
    for (const force of [false, true]) {
      const how = `disconnectVolume${force ? ' with force' : ''} of a volume in use`;
      const work = connector.disconnectVolume(info, device, { ...waiting, force });
      mustBeTyped(await mustReject(work, `${how} succeeded`), how);
      must(rehearsal.state === state, `${how} changed something`);
    }
  } finally {
    release?.();
  }
  await connector.disconnectVolume(info, device, waiting);
  rehearsal.mustBeAsBefore('the disconnect after the use ended');
}

async function keepsSecrets(trial: HostConnectorTrial): Promise<void> {
  const told: string[] = [];
  await using rehearsal = new HostRehearsal(trial);
  const { connector, waiting, faults } = rehearsal;
  const { secret, infos } = withSecret(rehearsal.info);
  for (const info of infos) {
    for (const isBroken of [false, true]) {
      if (isBroken) faults.plan(1, 'from then on');
      const results = [
        await endOf(connector.connectVolume(info, waiting)),
        await endOf(connector.getVolumePaths(info, waiting)),
        await endOf(connector.extendVolume(info, waiting)),
        await endOf(connector.disconnectVolume(info, undefined, waiting)),
      ];
      faults.mend();
      told.push(wholeError(results));
      await connector.disconnectVolume(info, undefined, waiting).catch(() => undefined); // may fail
    }
  }
  told.push(rehearsal.logged);
  must(
    !told.some((text) => text.includes(secret)),
    'a password of connection_info is in a result, an error or the log',
  );
}
