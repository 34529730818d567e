import { ConflictError, describeError, NotFoundError, toError } from '../base/index.ts';
import type { Logger, StepEvent, Waiting } from '../base/index.ts';
import { openCinder, VolumeStateError } from '../cinder-client/index.ts';
import type { CinderClient, Image, Volume } from '../cinder-client/index.ts';
import { readAttachedNames } from '../compute/index.ts';
import type { AttachedNames } from '../compute/index.ts';
import type { Settings } from '../config/index.ts';

export interface VolumeAccessOptions {
  readonly log: Logger;
  readonly requestId: string;
  readonly onStep: (event: StepEvent) => void;
}

export interface NewVolume {
  readonly name: string;
  readonly sizeGib: number;
  /** Name or ID. */
  readonly image?: string | undefined;
  /** Name or ID. */
  readonly type?: string | undefined;
}

export type VolumeAccess = ReturnType<typeof openVolumes>;

/** Cinder copies images for minutes, and large ones over a slow network for an hour. */
const creation = { minDelayMs: 200, maxDelayMs: 5_000, timeoutMs: 2 * 3_600_000 };
const deletion = { minDelayMs: 200, maxDelayMs: 2_000, timeoutMs: 600_000 };

/** Opens the volumes of Cinder that this project may see. Makes no request. */
export function openVolumes(settings: Settings, { log, requestId, onStep }: VolumeAccessOptions) {
  const cinder = openCinder({ ...settings.cinder, log, requestId: () => requestId });
  const names = () => attachedNames(settings, log);
  return {
    list: async (w: Waiting) => {
      const listed = await cinder.listVolumes({}, w);
      const attached = names();
      return listed.map((volume) => volumeRow(volume, attached));
    },
    /** @throws NotFoundError */
    show: async (nameOrId: string, w: Waiting) => volumeDetail(await findVolume(cinder, nameOrId, w), names()),
    /** Waits until the volume can be used. Deletes a volume that Cinder could not create. */
    create: async (wanted: NewVolume, w: Waiting) => volumeDetail(await create(cinder, wanted, onStep, w), names()),
    /** Deletes volumes and waits until they are gone. Deletes none if one is attached or does not exist. */
    remove: async (volumes: readonly string[], ifExists: boolean, w: Waiting) => {
      const found = await findDeletable(cinder, volumes, ifExists, names(), w);
      return await deleteAll(cinder, volumes, found, w);
    },
    [Symbol.dispose]: () => cinder[Symbol.dispose](),
  };
}

/** Without a readable state directory, servers appear by UUID. */
function attachedNames(settings: Settings, log: Logger): AttachedNames {
  try {
    return readAttachedNames(settings.statePath, settings.host);
  } catch (error) {
    log.warn({ event: 'state.unread', error: describeError(error) }, 'the names of servers cannot be read');
    return { servers: new Map(), places: new Map() };
  }
}

function attachedTo(volume: Volume, { servers, places }: AttachedNames): readonly string[] {
  return volume.attachments.map(
    ({ serverId, hostName, attachmentId }) =>
      (serverId === undefined ? places.get(volume.id) : (servers.get(serverId) ?? serverId)) ??
      hostName ??
      `attachment ${attachmentId}`,
  );
}

function volumeRow(volume: Volume, names: AttachedNames) {
  return {
    id: volume.id,
    name: volume.name,
    status: volume.status,
    size: volume.sizeGib,
    bootable: volume.bootable,
    attached_to: attachedTo(volume, names),
    type: volume.volumeType ?? null,
    created_at: volume.createdAt ?? null,
  };
}

function volumeDetail(volume: Volume, names: AttachedNames) {
  return {
    ...volumeRow(volume, names),
    description: volume.description ?? null,
    availability_zone: volume.availabilityZone ?? null,
    multiattach: volume.multiattach,
    encrypted: volume.encrypted,
    metadata: volume.metadata,
    attachments: volume.attachments.map(({ attachmentId, serverId, hostName, device }) => ({
      attachment_id: attachmentId,
      server_id: serverId ?? null,
      host: hostName ?? null,
      device: device ?? null,
    })),
  };
}

async function findVolume(cinder: CinderClient, nameOrId: string, w: Waiting): Promise<Volume> {
  const found = await cinder.findVolume(nameOrId, w);
  if (found !== undefined) return found;
  throw new NotFoundError(`volume "${nameOrId}" does not exist; dpm volume list shows the volumes`, {
    volume: nameOrId,
  });
}

async function create(
  cinder: CinderClient,
  { name, sizeGib, type, image: wantedImage }: NewVolume,
  onStep: (event: StepEvent) => void,
  w: Waiting,
): Promise<Volume> {
  const volumeType = type === undefined ? undefined : await findType(cinder, type, w);
  const image = wantedImage === undefined ? undefined : await findActiveImage(cinder, wantedImage, w);
  const made = await cinder.createVolume({ name, sizeGib, volumeType, imageRef: image?.id }, w);
  const steps = new CreationSteps(name, made.id, onStep);
  steps.see(made.status);
  try {
    const volume = await cinder.waitForVolume(made.id, ['available'], creation, w, (status) => steps.see(status));
    steps.end('done');
    return volume;
  } catch (error) {
    steps.end('failed');
    if (error instanceof VolumeStateError && error.status.startsWith('error')) throw await failure(cinder, made, w);
    if (!w.signal.aborted) throw error;
    steps.note(`see dpm volume show ${made.id}`);
    throw error;
  }
}

/** Shows Cinder's statuses as steps: `creating` makes the disk, `downloading` copies the image. */
class CreationSteps {
  readonly #event: Pick<StepEvent, 'flow' | 'flowId' | 'subject'>;
  readonly #onStep: (event: StepEvent) => void;
  #current: { readonly step: string; readonly since: number } | undefined;

  constructor(name: string, flowId: string, onStep: (event: StepEvent) => void) {
    this.#event = { flow: 'create-volume', flowId, subject: name };
    this.#onStep = onStep;
  }

  see(status: string): void {
    const step = { creating: 'create-disk', downloading: 'copy-image' }[status];
    if (step === undefined || this.#current?.step === step) return;
    this.end('done');
    this.#current = { step, since: performance.now() };
    this.#onStep({ ...this.#event, step, state: 'running' });
  }

  end(state: 'done' | 'failed'): void {
    if (this.#current === undefined) return;
    const { step, since } = this.#current;
    this.#current = undefined;
    this.#onStep({ ...this.#event, step, state, ms: performance.now() - since });
  }

  note(detail: string): void {
    this.#onStep({ ...this.#event, step: 'Cinder continues to create the volume', state: 'waiting', detail });
  }
}

async function findType(cinder: CinderClient, nameOrId: string, w: Waiting): Promise<string> {
  const types = await cinder.listVolumeTypes(w);
  const found = types.find(({ id, name }) => id === nameOrId || name === nameOrId);
  if (found !== undefined) return found.name;
  const known = types.map(({ name }) => name).join(', ') || 'none';
  throw new NotFoundError(`volume type "${nameOrId}" does not exist; Cinder has: ${known}`, { type: nameOrId });
}

async function findActiveImage(cinder: CinderClient, nameOrId: string, w: Waiting): Promise<Image> {
  const image = await cinder.findImage(nameOrId, w);
  if (image.status === 'active') return image;
  throw new ConflictError(`image "${nameOrId}" is ${image.status}: Cinder accepts only active images`, {
    image: image.id,
    status: image.status,
  });
}

/** Deletes the volume that Cinder could not create, and returns the error with Cinder's own reason. */
async function failure(cinder: CinderClient, { id, name }: Volume, w: Waiting): Promise<Error> {
  const [message] = await cinder.volumeMessages(id, w).catch(() => []); // the reason is only an addition
  const reason = message?.replace(/:(?=\S)/, ': ').replace(/\.$/, '') ?? 'Cinder gives no reason';
  const end = await cinder.deleteVolume(id, w).then(
    () => 'The failed volume was deleted',
    (error: unknown) => `The failed volume remains (${describeError(error)}); delete it: dpm volume delete ${id}`,
  );
  return new ConflictError(`Cinder could not create volume "${name}" (${id}): ${reason}. ${end}`, { volumeId: id });
}

/** Finds every volume before one is deleted. @throws NotFoundError, ConflictError */
async function findDeletable(
  cinder: CinderClient,
  volumes: readonly string[],
  ifExists: boolean,
  names: AttachedNames,
  w: Waiting,
): Promise<ReadonlyMap<string, Volume>> {
  const found = new Map<string, Volume>();
  for (const nameOrId of volumes) {
    const volume = ifExists ? await cinder.findVolume(nameOrId, w) : await findVolume(cinder, nameOrId, w);
    if (volume === undefined) continue;
    const [place] = attachedTo(volume, names);
    if (place !== undefined || volume.status === 'in-use') {
      const where = place === undefined ? '' : ` to ${place}`;
      const text = `volume "${nameOrId}" is attached${where}; detach it first. No volume was deleted`;
      throw new ConflictError(text, { volumeId: volume.id, attachedTo: place });
    }
    found.set(nameOrId, volume);
  }
  return found;
}

async function deleteAll(
  cinder: CinderClient,
  volumes: readonly string[],
  found: ReadonlyMap<string, Volume>,
  w: Waiting,
): Promise<readonly { readonly volume: string; readonly deleted: boolean }[]> {
  const remove = async (nameOrId: string) => {
    const volume = found.get(nameOrId);
    if (volume === undefined) return { volume: nameOrId, deleted: false };
    await cinder.deleteVolume(volume.id, w);
    await cinder.waitForVolumeGone(volume.id, deletion, w);
    return { volume: nameOrId, deleted: true };
  };
  const ends = await Promise.allSettled(volumes.map(remove));
  const failed = ends.filter((end) => end.status === 'rejected').map((end) => toError(end.reason));
  if (failed.length === 1 && failed[0] !== undefined) throw failed[0];
  if (failed.length > 1) throw new AggregateError(failed, `${failed.length} of ${volumes.length} deletions failed`);
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}
