import type { Volume } from '../../src/cinder-client/index.ts';
import type { Stage } from './stage.ts';

/** Time limit for Cinder. Its volume driver only writes a file, but its scheduling takes time. */
const settle = { minDelayMs: 100, maxDelayMs: 1_000, timeoutMs: 60_000 };

/** Creates two volumes: one to boot from, one for data. */
export interface ScratchVolumes {
  readonly boot: Volume;
  readonly data: Volume;
}

/** There is no Glance: the script sets the bootable flag of the volume, and writes the operating system. */
export async function createVolumes(stage: Stage): Promise<ScratchVolumes> {
  const boot = await createVolume(stage, 'boot', 2);
  await stage.cinder.actions.setBootable(boot.id, true, stage);
  stage.san.install(boot.id);
  return { boot, data: await createVolume(stage, 'data', 1) };
}

async function createVolume({ cinder, signal }: Stage, name: string, sizeGib: number): Promise<Volume> {
  const { id } = await cinder.createVolume({ name, sizeGib }, { signal });
  return await cinder.waitForVolume(id, ['available'], settle, { signal });
}

export async function deleteVolumes({ cinder, signal }: Stage, { boot, data }: ScratchVolumes): Promise<void> {
  for (const { id } of [boot, data]) {
    await cinder.deleteVolume(id, { signal });
    await cinder.waitForVolumeGone(id, settle, { signal });
  }
}

/** Deletes the volumes of a scenario that failed, which would use the quota of later scenarios. */
export async function sweepVolumes({ cinder, report, signal }: Stage): Promise<void> {
  for (const { id, name, status } of await cinder.listVolumes({}, { signal })) {
    if (status === 'available') await cinder.deleteVolume(id, { signal });
    else report.note(`volume "${name}" (${id}) stays behind: ${status}`);
  }
}
