import { ConflictError, NotFoundError, waitUntil } from '../base/index.ts';
import type { Observed, Verdict, Waiting, WaitPolicy } from '../base/index.ts';
import { CinderSchemaError, isCinderError, isGone, VolumeStateError } from './errors.ts';
import type { CinderSession } from './session.ts';
import type { CreateVolume, Volume, VolumeFilter } from './types.ts';
import { volumeAnswer, volumePage, volumeRequest } from './wire/volume.ts';

/** Cinder's default limit is 1000 (osapi_max_limit). Smaller pages keep a response below 1 MB. */
const PAGE = 500;
/** Allows 100 000 volumes. A server that ignores the marker would return a list without an end. */
const MAX_PAGES = 200;

/** Finds a volume by ID among those that this project may see. */
export async function findVolumeById(session: CinderSession, id: string, w: Waiting): Promise<Volume | undefined> {
  const what = `get volume ${id}`;
  const path = `/volumes/${encodeURIComponent(id)}`;
  try {
    return (await session.read({ what, kind: 'read', method: 'GET', path }, volumeAnswer, w)).volume;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export async function getVolume(session: CinderSession, id: string, w: Waiting): Promise<Volume> {
  const volume = await findVolumeById(session, id, w);
  if (volume === undefined) throw noVolume(id);
  return volume;
}

/** Returns the error for a 404, which Cinder also sends for a volume of another project. */
export function noVolume(id: string, cause?: unknown): NotFoundError {
  return new NotFoundError(`volume ${id} does not exist, or belongs to another project`, { volumeId: id }, { cause });
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export async function findVolume(session: CinderSession, nameOrId: string, w: Waiting): Promise<Volume | undefined> {
  const byId = uuid.test(nameOrId) ? await findVolumeById(session, nameOrId, w) : undefined;
  if (byId !== undefined) return byId;
  const listed = await listVolumes(session, { name: nameOrId }, w);
  const named = listed.filter((volume) => volume.name === nameOrId);
  if (named.length > 1) {
    const ids = named.map((volume) => volume.id);
    throw new ConflictError(`find volume "${nameOrId}": ${named.length} volumes have this name; give the id`, { ids });
  }
  return named[0];
}

export async function listVolumes(
  session: CinderSession,
  filter: VolumeFilter,
  w: Waiting,
): Promise<readonly Volume[]> {
  const volumes: Volume[] = [];
  let marker: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const path = `/volumes/detail?${pageQuery(filter, marker).toString()}`;
    const answer = await session.read({ what: 'list volumes', kind: 'read', method: 'GET', path }, volumePage, w);
    volumes.push(...answer.volumes);
    // The link itself is not used, because its address may be unreachable behind a proxy.
    const hasNext = answer.volumes_links?.some((link) => link.rel === 'next') === true;
    const last = answer.volumes.at(-1)?.id;
    if (!hasNext || last === undefined) return volumes;
    marker = last;
  }
  throw new CinderSchemaError(`list volumes: no end after ${MAX_PAGES} pages`, { pages: MAX_PAGES });
}

function pageQuery({ name, status }: VolumeFilter, marker: string | undefined): URLSearchParams {
  const query = new URLSearchParams();
  if (name !== undefined) query.set('name', name);
  if (status !== undefined) query.set('status', status);
  query.set('limit', String(PAGE));
  if (marker !== undefined) query.set('marker', marker);
  return query;
}

export async function createVolume(session: CinderSession, wanted: CreateVolume, w: Waiting): Promise<Volume> {
  const what = `create volume "${wanted.name ?? ''}" of ${wanted.sizeGib} GiB`;
  const body = volumeRequest(wanted);
  return (await session.read({ what, kind: 'once', method: 'POST', path: '/volumes', body }, volumeAnswer, w)).volume;
}

export async function deleteVolume(session: CinderSession, id: string, w: Waiting): Promise<void> {
  const what = `delete volume ${id}`;
  const path = `/volumes/${encodeURIComponent(id)}`;
  try {
    await session.send({ what, kind: 'repeatable', method: 'DELETE', path }, w);
  } catch (error) {
    if (isGone(error)) return;
    if (!isCinderError(error, 400)) throw error;
    const volume = await findVolumeById(session, id, w);
    // The deletion has already started, by an earlier request whose answer was lost or by another client.
    if (volume === undefined || volume.status === 'deleting') return;
    throw new VolumeStateError(what, volume, deletableStatuses, { cause: error });
  }
}

/** Source: the message of Cinder's 400 (21.3.1). */
const deletableStatuses: readonly string[] = [
  'available',
  'error',
  'error_restoring',
  'error_extending',
  'error_managing',
];

export async function waitForVolume(
  session: CinderSession,
  id: string,
  accept: readonly string[],
  policy: WaitPolicy,
  w: Waiting,
  onStatus: (status: string) => void = () => undefined,
): Promise<Volume> {
  const what = `wait for volume ${id}`;
  const judge = (volume: Volume): Verdict<Volume> => {
    if (accept.includes(volume.status)) return { kind: 'done', value: volume };
    // Volumes never leave an error status on their own.
    if (!volume.status.startsWith('error')) return { kind: 'again' };
    return { kind: 'failed', error: new VolumeStateError(what, volume, accept) };
  };
  return await waitUntil({
    ...policy,
    poll: async (signal) => {
      const volume = await getVolume(session, id, { signal });
      onStatus(volume.status);
      return volume;
    },
    accept: judge,
    label: (volume) => volume.status,
    onTimeout: (volume, observed) => new VolumeStateError(what, volume, accept, { remark: after(policy, observed) }),
    signal: w.signal,
  });
}

export async function waitForVolumeGone(
  session: CinderSession,
  id: string,
  policy: WaitPolicy,
  w: Waiting,
): Promise<void> {
  const what = `wait until volume ${id} is gone`;
  const judge = (volume: Volume | undefined): Verdict<undefined> => {
    if (volume === undefined) return { kind: 'done', value: undefined };
    // A busy array sends the volume back to `available`; other failures end in `error_deleting` (observed.md 6).
    if (volume.status === 'deleting') return { kind: 'again' };
    return { kind: 'failed', error: new VolumeStateError(what, volume, ['deleting', 'gone']) };
  };
  await waitUntil({
    ...policy,
    poll: async (signal) => await findVolumeById(session, id, { signal }),
    accept: judge,
    label: (volume) => volume?.status ?? 'gone',
    onTimeout: (volume, observed) =>
      new VolumeStateError(what, volume ?? { id, name: '', status: 'gone' }, ['gone'], {
        remark: after(policy, observed),
      }),
    signal: w.signal,
  });
}

function after(policy: WaitPolicy, observed: Observed): string {
  const seen = Object.entries(observed).map(([status, times]) => `${status} ${times}x`);
  return ` within ${policy.timeoutMs / 1000} s (seen: ${seen.join(', ')})`;
}
