import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { InternalError } from '../../base/index.ts';
import type { ConnectionInfo, Connector, Reservation, VolumeClaim } from '../../cinder-client/index.ts';

/** Where a volume is attached without Nova. Plain JSON, since it is journaled. */
export const placeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('host') }),
  z.object({ kind: z.literal('partition'), uri: z.string(), name: z.string() }),
]);
export type Place = z.infer<typeof placeSchema>;

/** The request of an attach. */
export const localVolumeInputSchema = z.object({
  volumeId: z.string(),
  /** The volume's name for messages, or its ID if it has none. */
  name: z.string(),
  sizeGib: z.number(),
  place: placeSchema,
  mode: z.enum(['rw', 'ro']),
  /** Directory on this host, links resolved; null if the volume is not to be mounted. */
  mountpoint: z.string().nullable(),
  multipath: z.boolean(),
  enforceMultipath: z.boolean(),
});
export type LocalVolumeInput = z.infer<typeof localVolumeInputSchema>;

/** The result of an attach to a host: os-brick's device_info. @public */
export const deviceInfoSchema = z.object({
  type: z.literal('block'),
  path: z.string(),
  scsi_wwn: z.string().optional(),
  multipath_id: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});
export type KeptDeviceInfo = z.infer<typeof deviceInfoSchema>;

/** A volume that is attached without Nova, or being attached. */
export interface LocalVolume extends LocalVolumeInput, Omit<VolumeClaim, 'volumeId' | 'mode'> {
  readonly deviceInfo: KeptDeviceInfo | null;
  /** Whether this program made the partition's ports. They are removed with its last volume. */
  readonly madePorts: boolean;
  /** Whether the attach is complete: in-use in Cinder. */
  readonly isAttached: boolean;
}

export type LocalVolumeChange = Partial<Omit<LocalVolume, Exclude<keyof LocalVolumeInput, 'mountpoint'>>>;

/** A record's key: one volume may be attached in several places, if Cinder allows it. */
type LocalVolumeKey = Pick<LocalVolume, 'volumeId' | 'place'>;

const recordSchema = localVolumeInputSchema.extend({
  // LocalVolumeStore wrote these from values of the client's own types.
  reservation: z.custom<Reservation>().nullable(),
  connector: z.custom<Connector>().nullable(),
  connectionInfo: z.custom<ConnectionInfo>().nullable(),
  deviceInfo: deviceInfoSchema.nullable(),
  madePorts: z.boolean(),
  isAttached: z.boolean(),
});

const nothingYet = {
  reservation: null,
  connector: null,
  connectionInfo: null,
  deviceInfo: null,
  madePorts: false,
  isAttached: false,
};

/** The volumes attached without Nova, in the state directory's database. */
export class LocalVolumeStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly LocalVolume[] {
    const rows = this.#database.prepare('select record from local_volume order by volume_id, place').all();
    return rows.map(({ record }) => recordSchema.parse(JSON.parse(String(record))));
  }

  find(key: LocalVolumeKey): LocalVolume | undefined {
    const query = 'select record from local_volume where volume_id = ? and place = ?';
    const row = this.#database.prepare(query).get(key.volumeId, placeKey(key.place));
    return row === undefined ? undefined : recordSchema.parse(JSON.parse(String(row.record)));
  }

  /** @throws InternalError when there is no such record */
  get(key: LocalVolumeKey): LocalVolume {
    const record = this.find(key);
    if (record === undefined) throw new InternalError(`volume ${key.volumeId} lost its record`);
    return record;
  }

  add(volume: LocalVolumeInput & LocalVolumeChange): void {
    this.#write({ ...nothingYet, ...volume });
  }

  /** Changes a record. Does nothing if there is no such record. */
  update(key: LocalVolumeKey, change: LocalVolumeChange): void {
    const known = this.find(key);
    if (known !== undefined) this.#write({ ...known, ...change });
  }

  delete({ volumeId, place }: LocalVolumeKey): void {
    this.#database.prepare('delete from local_volume where volume_id = ? and place = ?').run(volumeId, placeKey(place));
  }

  #write(volume: LocalVolume): void {
    const query = 'insert or replace into local_volume (volume_id, place, record) values (?, ?, ?)';
    this.#database.prepare(query).run(volume.volumeId, placeKey(volume.place), JSON.stringify(volume));
  }
}

/** Returns whether the volume is detached, and the record is kept only because devices of it are left on this host. */
export function isLeftover({ place, reservation, isAttached, deviceInfo }: LocalVolume): boolean {
  return place.kind === 'host' && reservation === null && !isAttached && deviceInfo !== null;
}

/** Identifies partitions by URI, since their names change. */
function placeKey(place: Place): string {
  return place.kind === 'host' ? 'host' : place.uri;
}

export function describePlace(place: Place): string {
  return place.kind === 'host' ? 'this host' : `partition "${place.name}"`;
}

export function isSamePlace(a: Place, b: Place): boolean {
  return placeKey(a) === placeKey(b);
}
