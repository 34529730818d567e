import type { Volume } from '../../src/cinder-client/index.ts';
import type { Stage } from './stage.ts';

/** A volume driver that only writes a file is quick; Cinder's own scheduling is not. */
const settle = { minDelayMs: 100, maxDelayMs: 1_000, timeoutMs: 60_000 };

/** Two volumes of the script's own: one to boot from, one for data. */
export interface ScratchVolumes {
  readonly boot: Volume;
  readonly data: Volume;
}

/** Glance is no part of the stack: a volume is made bootable by its flag, and gets its system from the script. */
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

/** After a scenario that broke off: its volumes would count against the project's quota in all that follow. */
export async function sweepVolumes({ cinder, report, signal }: Stage): Promise<void> {
  for (const { id, name, status } of await cinder.listVolumes({}, { signal })) {
    if (status === 'available') await cinder.deleteVolume(id, { signal });
    else report.note(`volume "${name}" (${id}) stays behind: ${status}`);
  }
}
