import { must, shown } from './check.ts';
import { conformanceInstance, optionsOf, Rehearsal } from './rehearsal.ts';
import { connect, options, VOLUME } from './volume-driver-connect.ts';
import type { VolumeDriverCheck, VolumeDriverSubject } from './volume-driver-subject.ts';

const OTHER_VOLUME = 'f2b9a2d6-3c5e-4a57-8d0e-0f6a4f5b7c02';

/** Checks of disconnect and rollback without failures. */
export const removalChecks: readonly VolumeDriverCheck[] = [
  { name: 'disconnects the volume, and the storage is as before', run: disconnects },
  { name: 'succeeds when the volume is already disconnected, or was never connected', run: disconnectsWhatIsGone },
  { name: 'disconnects a volume that another process connected', run: disconnectsAnew },
  { name: "leaves the instance's other volumes alone", run: leavesOthers },
  { name: 'succeeds when the volume is deleted with its instance', run: letsGo },
];

async function disconnects(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  await connect(rehearsal, subject);
  await rehearsal.driver.disconnectVolume(subject.sample.connectionInfo, conformanceInstance, options);
  mustBeEmpty(rehearsal, 'the disconnect');
}

async function disconnectsWhatIsGone(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  const { connectionInfo } = subject.sample;
  await rehearsal.driver.disconnectVolume(connectionInfo, conformanceInstance, options);
  await connect(rehearsal, subject);
  await rehearsal.driver.disconnectVolume(connectionInfo, conformanceInstance, options);
  await rehearsal.driver.disconnectVolume(connectionInfo, conformanceInstance, options);
  mustBeEmpty(rehearsal, 'the second disconnect');
}

async function disconnectsAnew(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  await connect(rehearsal, subject);
  await rehearsal.another().disconnectVolume(subject.sample.connectionInfo, conformanceInstance, options);
  mustBeEmpty(rehearsal, 'the disconnect by a new driver');
}

async function leavesOthers(subject: VolumeDriverSubject): Promise<void> {
  const { connectionInfo } = subject.sample;
  for (const verb of ['disconnectVolume', 'rollback'] as const) {
    const rehearsal = new Rehearsal(subject.make);
    const other = { ...optionsOf(OTHER_VOLUME, options.signal), isBoot: false };
    await connect(rehearsal, subject);
    await rehearsal.driver.connectVolume(connectionInfo, conformanceInstance, other);
    await rehearsal.driver[verb](connectionInfo, conformanceInstance, options);
    const left = rehearsal.storage.snapshot().map(({ volumeId }) => volumeId);
    must(shown(left) === shown([OTHER_VOLUME]), `${verb} of ${VOLUME} left ${shown(left)}, not ${OTHER_VOLUME} alone`);
  }
}

/** Deleting the instance also removes what the HMC has of the volume, so the driver may leave it, but must not fail. */
async function letsGo(subject: VolumeDriverSubject): Promise<void> {
  const rehearsal = new Rehearsal(subject.make);
  const teardown = { ...options, isTeardown: true };
  for (const verb of ['disconnectVolume', 'rollback'] as const) {
    await connect(rehearsal, subject);
    await rehearsal.driver[verb](subject.sample.connectionInfo, conformanceInstance, teardown);
  }
}

export function mustBeEmpty({ storage }: Rehearsal, after: string): void {
  const left = storage.snapshot();
  must(left.length === 0, `${after} left ${shown(left)} in the storage`);
}
