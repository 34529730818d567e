import { ConfigError, ConflictError, describeError, InternalError, NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { VolumeClaims } from '../../cinder-client/index.ts';
import type { CinderClient, Connector, Volume, VolumeConnections } from '../../cinder-client/index.ts';
import { closeSuperseded, isResumedUnasked, resumeFlow, runFlow, withRequest } from '../journal/index.ts';
import type { FlowServices, FlowSummary, Saga } from '../journal/index.ts';
import type { PartitionVolumes } from '../../virt/index.ts';
import { adopt } from './adopt.ts';
import { localAttachFlow } from './attach-flow.ts';
import { localDetachFlow } from './detach-flow.ts';
import { HostPlace } from './host-place.ts';
import type { LocalHost, MultipathChoice } from './host-place.ts';
import { findSuperseded, inputOf, ownerOf, requireNoOpenFlow } from './open-flows.ts';
import { PartitionPlace } from './partition-place.ts';
import type { AttachPlace } from './place.ts';
import { describePlace, isLeftover, isSamePlace, localVolumeInputSchema } from './records.ts';
import type { KeptDeviceInfo, LocalVolume, LocalVolumeInput, LocalVolumeStore, Place } from './records.ts';
import type { LocalFlowDeps } from './steps.ts';
import { attachedView } from './views.ts';
import type { DetachedVolume, LocalAttachment } from './views.ts';

/** The request of `local-attach`. @public */
export interface LocalAttachRequest extends MultipathChoice {
  /** Name or id. */
  readonly volume: string;
  /** Undefined: this host. */
  readonly partition?: string | undefined;
  readonly mountpoint?: string | undefined;
  readonly mode: 'rw' | 'ro';
}

/** The request of `local-detach`. @public */
export interface LocalDetachRequest extends MultipathChoice {
  readonly volume: string;
  readonly partition?: string | undefined;
  readonly attachmentId?: string | undefined;
  /** The output of another attach to this host, for a volume without a record. */
  readonly deviceInfo?: KeptDeviceInfo | undefined;
  readonly force: boolean;
}

interface LocalVolumeParts {
  readonly store: LocalVolumeStore;
  readonly cinder: CinderClient;
  readonly connections: (w: Waiting) => Promise<VolumeConnections>;
  readonly flows: FlowServices;
  /** Undefined if volumes cannot be attached to this host. */
  readonly host: LocalHost | undefined;
  /** Undefined if no HMC is used. */
  readonly partitions: PartitionVolumes | undefined;
}

const flows = [localAttachFlow, localDetachFlow] as unknown as readonly Saga<never, never, LocalFlowDeps>[]; // resume reads inputs by schema

/** Attaches and detaches volumes without Nova, to this host or to a partition through its HMC. @public */
export class LocalVolumes {
  readonly #parts: LocalVolumeParts;
  readonly #host: HostPlace | undefined;

  /** @internal Use `openLocalVolumes`. */
  constructor(parts: LocalVolumeParts) {
    this.#parts = parts;
    this.#host = parts.host === undefined ? undefined : new HostPlace(parts.host, parts.flows.log);
  }

  /** Returns the connector of any partition, including one of another owner. Changes nothing. */
  async partitionConnector(name: string, w: Waiting): Promise<Connector> {
    const partitions = this.#requirePartitions();
    return await partitions.wholeConnector(await partitions.find(name, w), w);
  }

  /** Attaches a volume. Attaching is idempotent. */
  async attach(request: LocalAttachRequest, w: Waiting): Promise<LocalAttachment> {
    const volume = await this.#findVolume(request.volume, w);
    const place = await this.#placeFor(request, 'attach a volume', w);
    await requireNoOpenFlow(this.#parts.flows.journal, volume.id);
    const input = await this.#inputOf(request, volume, place);
    const known = this.#parts.store.find(input);
    if (known !== undefined && !isLeftover(known)) return await this.#attachAgain(known, input, w);
    if (known !== undefined) await this.#clear(known, w);
    if (input.mountpoint !== null) await this.#host?.mounts.requireFree(input.mountpoint);
    const run = { what: `attach volume "${input.name}" to ${describePlace(place)}`, subject: volume.id, ...w };
    await runFlow(localAttachFlow, input, this.#deps(), run, this.#flowsFor(w));
    return await this.#view(this.#parts.store.get(input), w);
  }

  /** Detaches a volume. Detaching a volume that is not attached succeeds. */
  async detach(request: LocalDetachRequest, w: Waiting): Promise<DetachedVolume> {
    const volume = await this.#parts.cinder.findVolume(request.volume, w);
    const volumeId = volume?.id ?? this.#rememberedId(request.volume);
    if (volumeId === undefined) throw noSuchVolume(request.volume);
    const place = await this.#placeOfDetach(volumeId, request, w);
    const nothing = { volume_id: volumeId, detached: false, attachment_id: null, left_behind: [] };
    const superseded = await this.#superseded(volumeId, place, request);
    const record = this.#recordFor(volumeId, place, request) ?? (await this.#adopt(volume, place, request, w));
    if (record === undefined) return nothing;
    const input = { ...localVolumeInputSchema.parse(record), force: request.force };
    const run = { what: `detach volume "${record.name}" from ${describePlace(place)}`, subject: volumeId, ...w };
    const state = await runFlow(localDetachFlow, input, this.#deps(), run, this.#flowsFor(w));
    const { journal, log } = this.#parts.flows;
    for (const { id } of superseded) await closeSuperseded(journal, id, 'the volume was detached by force', log);
    const attachmentId = record.reservation?.attachmentId ?? null;
    return { ...nothing, detached: true, attachment_id: attachmentId, left_behind: state['check-paths'] };
  }

  /** @internal Whether a flow is one of this class. */
  owns(flow: Pick<FlowSummary, 'flow'>): boolean {
    return flows.some(({ name }) => name === flow.flow);
  }

  /** @internal Returns the subject that a process owns while it works on the flow. */
  async ownerOf(flow: FlowSummary): Promise<string> {
    const place = (await inputOf(this.#parts.flows.journal, flow))?.place;
    return ownerOf({ partition: place?.kind === 'partition' ? place.name : undefined });
  }

  /** @internal Resumes the flows in one place that dead processes left unfinished, and those that wait, if this process can. */
  async recover(owner: string, w: Waiting): Promise<void> {
    const { journal, log } = this.#parts.flows;
    for (const flow of (await journal.list({ open: true })).toReversed()) {
      if (!isResumedUnasked(flow) || !this.owns(flow) || !(await this.#canResume(flow))) continue;
      if ((await this.ownerOf(flow)) !== owner) continue;
      await this.resume(flow, w).catch((error: unknown) => {
        log.error({ event: 'flow.resume', flowId: flow.id, error: describeError(error) }, 'flow not finished');
      });
    }
  }

  /** @internal Resumes a flow. @throws FlowStuckError when it is stuck again; ConflictError when this process cannot resume it */
  async resume(flow: FlowSummary, w: Waiting): Promise<'completed' | 'rolled-back'> {
    if (!(await this.#canResume(flow))) {
      throw new ConflictError(`flow ${flow.id} works on this host's devices: only root can resume it`);
    }
    return await resumeFlow(flows, flow, this.#deps(), w.signal, this.#flowsFor(w));
  }

  /** @param w - the context of the request, if there is one */
  #flowsFor(w: Waiting & { readonly requestId?: string }): FlowServices {
    const { flows } = this.#parts;
    return { ...flows, journal: withRequest(flows.journal, w.requestId) };
  }

  /** Returns the flows that a forced detach supersedes. Without force, no flow may be open. */
  async #superseded(volumeId: string, place: Place, { force }: LocalDetachRequest): Promise<readonly FlowSummary[]> {
    const { journal } = this.#parts.flows;
    if (force) return await findSuperseded(journal, volumeId, place);
    await requireNoOpenFlow(journal, volumeId, ', or detach it with --force');
    return [];
  }

  async #canResume(flow: FlowSummary): Promise<boolean> {
    const input = await inputOf(this.#parts.flows.journal, flow);
    if (input === undefined) return true; // the resume reports what is wrong
    const isHost = input.place.kind === 'host';
    return isHost ? this.#parts.host?.isRoot === true : this.#parts.partitions !== undefined;
  }

  async #placeFor(request: Pick<LocalAttachRequest, 'partition' | 'mode'>, what: string, w: Waiting): Promise<Place> {
    if (request.partition === undefined) {
      this.#requireHost().requireRoot(what);
      return { kind: 'host' };
    }
    const { uri, name, instanceUuid } = await this.#requirePartitions().find(request.partition, w);
    if (instanceUuid !== null) {
      const advice = 'use dpm server add volume and dpm server remove volume';
      throw new ConflictError(`partition "${name}" realises instance ${instanceUuid}: ${advice}`, { partition: name });
    }
    // Neither a vHBA nor a storage volume has a read-only property. Source: python-zhmcclient _hba.py, _storage_volume.py.
    if (request.mode === 'ro') {
      const why = 'an HMC cannot make a volume read-only for a partition; mount it read-only in the guest';
      throw new ConfigError(`--mode ro with --partition: ${why}`, { option: '--mode', value: 'ro' });
    }
    return { kind: 'partition', uri, name };
  }

  /** Returns the place; that of a deleted partition comes from the record. */
  async #placeOfDetach(volumeId: string, request: LocalDetachRequest, w: Waiting): Promise<Place> {
    try {
      return await this.#placeFor({ ...request, mode: 'rw' }, 'detach a volume', w);
    } catch (error) {
      const isNamed = ({ place, ...record }: LocalVolume) =>
        record.volumeId === volumeId && place.kind === 'partition' && place.name === request.partition;
      const known = this.#parts.store.list().find(isNamed);
      if (known === undefined || !(error instanceof NotFoundError)) throw error;
      return known.place;
    }
  }

  async #inputOf(request: LocalAttachRequest, volume: Volume, place: Place): Promise<LocalVolumeInput> {
    const { mode, multipath, enforceMultipath, mountpoint } = request;
    const real = mountpoint === undefined ? null : await this.#requireHost().mounts.realDirectory(mountpoint);
    const { id: volumeId, name, sizeGib } = volume;
    return { volumeId, name: name || volumeId, sizeGib, place, mode, mountpoint: real, multipath, enforceMultipath };
  }

  /** Connects an attached volume again: after a restart of the host its devices may be gone. */
  async #attachAgain(known: LocalVolume, wanted: LocalVolumeInput, w: Waiting): Promise<LocalAttachment> {
    const what = `volume "${known.name}" is attached to ${describePlace(known.place)} already`;
    const facts = { volumeId: known.volumeId };
    if (known.mode !== wanted.mode) throw new ConflictError(`${what}, with mode ${known.mode}`, facts);
    if (known.mountpoint !== null && wanted.mountpoint !== null && known.mountpoint !== wanted.mountpoint) {
      throw new ConflictError(`${what}, and belongs on ${known.mountpoint}`, facts);
    }
    const { store } = this.#parts;
    const place = this.#placeOf(known.place);
    store.update(known, await place.connect(known, w));
    // Recorded before the mount, so that a detach unmounts it.
    if (wanted.mountpoint !== null) store.update(known, { mountpoint: wanted.mountpoint });
    try {
      await place.mount(store.get(known), w);
    } catch (error) {
      store.update(known, { mountpoint: known.mountpoint });
      throw error;
    }
    return await this.#view(store.get(known), w);
  }

  /** Removes devices that an earlier detach could not remove. */
  async #clear(known: LocalVolume, w: Waiting): Promise<void> {
    await this.#placeOf(known.place).clear(known, w);
    this.#parts.store.delete(known);
  }

  #recordFor(volumeId: string, place: Place, { attachmentId }: LocalDetachRequest): LocalVolume | undefined {
    const record = this.#parts.store.find({ volumeId, place });
    const known = record?.reservation?.attachmentId ?? undefined;
    if (attachmentId === undefined || known === undefined || known === attachmentId) return record;
    const text = `volume "${record?.name}" is attached to ${describePlace(place)} by attachment ${known}`;
    throw new ConflictError(`${text}, not ${attachmentId}`, { volumeId, attachmentId });
  }

  /** Adopts a volume that other software (os-brick, for example) attached here, if the request names the attachment. */
  async #adopt(volume: Volume | undefined, place: Place, request: LocalDetachRequest, w: Waiting) {
    const isElsewhere = (record: LocalVolume) => record.volumeId === volume?.id && !isSamePlace(record.place, place);
    const other = this.#parts.store.list().find(isElsewhere);
    if (other !== undefined && request.attachmentId === undefined) {
      const where = describePlace(other.place);
      throw new ConflictError(`volume "${other.name}" is attached to ${where}, not to ${describePlace(place)}`, {});
    }
    return volume === undefined ? undefined : await adopt({ volume, place, request, deps: this.#deps() }, w);
  }

  /** Returns the ID of a volume that Cinder no longer knows, by its name or ID. */
  #rememberedId(volume: string): string | undefined {
    return this.#parts.store.list().find(({ volumeId, name }) => volumeId === volume || name === volume)?.volumeId;
  }

  async #findVolume(nameOrId: string, w: Waiting): Promise<Volume> {
    const found = await this.#parts.cinder.findVolume(nameOrId, w);
    if (found === undefined) throw noSuchVolume(nameOrId);
    return found;
  }

  /** Returns the view. The volume is attached by now, so a failure to read its paths is only a warning. */
  async #view(record: LocalVolume, w: Waiting): Promise<LocalAttachment> {
    const { place, connectionInfo } = record;
    if (place.kind === 'host' || connectionInfo === null) return attachedView(record, []);
    try {
      return attachedView(record, await this.#requirePartitions().paths(place, record, connectionInfo, w));
    } catch (error) {
      const warning = `attached, but its paths cannot be read: ${describeError(error)}`;
      this.#parts.flows.log.warn({ event: 'paths.untold', volumeId: record.volumeId }, warning);
      return attachedView(record, [], [warning]);
    }
  }

  #requireHost(): HostPlace {
    if (this.#host === undefined) throw new InternalError('no host was given to attach volumes to');
    return this.#host;
  }

  #requirePartitions(): PartitionVolumes {
    const { partitions } = this.#parts;
    if (partitions !== undefined) return partitions;
    throw new ConflictError('this compute driver has no partitions to attach volumes to');
  }

  #placeOf(place: Place): AttachPlace {
    if (place.kind === 'host') return this.#requireHost();
    return new PartitionPlace(this.#requirePartitions(), this.#parts.store, place);
  }

  #deps(): LocalFlowDeps {
    const { store, cinder, connections, flows: services } = this.#parts;
    const claims = new VolumeClaims(cinder, connections);
    return { store, cinder, connections, claims, log: services.log, placeOf: (place) => this.#placeOf(place) };
  }
}

function noSuchVolume(volume: string): NotFoundError {
  return new NotFoundError(`volume "${volume}" does not exist`, { volume });
}
