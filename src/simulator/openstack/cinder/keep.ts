import type { CinderService, VolumeType } from './service.ts';
import type { AttachmentRecord, VolumeRecord } from './state.ts';

/** What of Cinder survives its process: the database. Tokens and unfinished work do not. */
export interface KeptCinder {
  readonly volumes: readonly Omit<VolumeRecord, 'pending'>[];
  readonly attachments: ReadonlyMap<string, AttachmentRecord>;
  readonly sequence: number;
  readonly types: ReadonlyMap<string, VolumeType>;
}

/** Statuses of a volume after a restart of the volume service. Source: cinder/volume/manager.py, _init_host and _do_cleanup. */
const interrupted: Readonly<Record<string, string>> = {
  creating: 'error',
  downloading: 'error',
  deleting: 'error_deleting',
  extending: 'error_extending',
};

/** Returns the database. */
export function keepCinder({ state, types }: CinderService): KeptCinder {
  state.settle();
  const volumes = [...state.volumes.values()].map(({ pending: _, ...volume }) => volume);
  return { volumes, attachments: state.attachments, sequence: state.lastSequence, types };
}

/** Fills an empty database. */
export function restoreCinder({ state, types }: CinderService, kept: KeptCinder): void {
  for (const volume of kept.volumes) {
    const status = interrupted[volume.status] ?? volume.status;
    state.volumes.set(volume.id, { ...volume, status, pending: undefined });
  }
  for (const [id, attachment] of kept.attachments) state.attachments.set(id, attachment);
  for (const [id, type] of kept.types) types.set(id, type);
  state.continueAfter(kept.sequence);
}
