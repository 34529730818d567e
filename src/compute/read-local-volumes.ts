import { LocalVolumeStore } from './local/index.ts';
import type { LocalVolume } from './local/index.ts';
import { openDatabase } from './database.ts';

/** The records of volumes that were attached to this host without Nova. Changes nothing. */
export function readHostVolumes(statePath: string): readonly LocalVolume[] {
  const database = openDatabase(statePath);
  try {
    return new LocalVolumeStore(database).list().filter(({ place }) => place.kind === 'host');
  } finally {
    database.close();
  }
}
