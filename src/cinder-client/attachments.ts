import { ConflictError, NotFoundError, retry } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { checked } from './actions.ts';
import type { VolumeActions } from './actions.ts';
import { since } from './endpoint.ts';
import { CinderHttpError, classify, isCinderError, isGone, lastAttempt } from './errors.ts';
import type { Call, CinderSession } from './session.ts';
import type { Attachment, AttachmentFilter, Connector, CreateAttachment } from './types.ts';
import { findVolumeById, noVolume } from './volumes.ts';
import { attachmentAnswer, attachmentPage, attachmentRequest, saysWithout } from './wire/attachment.ts';

/** Page size. Cinder gives no link to the next page of attachments, so an empty page marks the end. */
const PAGE = 500;

/** @public */
export type AttachmentVerbs = Pick<Attachments, keyof Attachments>;

/** The attachments API. Needs microversion 3.27; `complete` 3.44. */
export class Attachments {
  readonly #session: CinderSession;
  readonly #actions: VolumeActions;

  constructor(session: CinderSession, actions: VolumeActions) {
    this.#session = session;
    this.#actions = actions;
  }

  /**
   * Creates an attachment. If the response was lost, looks for the attachment before a retry. If Cinder fails, removes the
   * attachment that it left behind.
   */
  async create(request: CreateAttachment, w: Waiting): Promise<Attachment> {
    const { policies, log } = this.#session.resources;
    // Includes the wait for an unreachable Cinder, because the search between two attempts may need it.
    const policy = { ...policies.once, budgetMs: policies.once.budgetMs + policies.outage.budgetMs };
    const last: Last = { isUnknown: false };
    return await retry(async (attempt) => await this.#createOnce(request, attempt, last, w), {
      what: `create attachment of volume ${request.volumeId}`,
      policy,
      signal: w.signal,
      isRetryable: isLost,
      log,
    });
  }

  /** Connects the volume: the array masks it to the ports of the connector. */
  async update(id: string, connector: Connector, w: Waiting): Promise<Attachment> {
    const call = this.#call('update', id, 'PUT', { attachment: { connector: checked(connector) } });
    return (await this.#session.read({ ...call, timeoutMs: this.#backendMs }, attachmentAnswer, w)).attachment;
  }

  async complete(id: string, w: Waiting): Promise<void> {
    const call = this.#call('complete', id, 'POST', { 'os-complete': id });
    const path = `${call.path}/action`;
    await this.#session.send({ ...call, path, needs: since.attachmentComplete }, w);
  }

  /** @throws NotFoundError */
  async show(id: string, w: Waiting): Promise<Attachment> {
    const attachment = await this.find(id, w);
    if (attachment === undefined) throw new NotFoundError(`attachment ${id} does not exist`, { attachmentId: id });
    return attachment;
  }

  async find(id: string, w: Waiting): Promise<Attachment | undefined> {
    try {
      const call: Call = { ...this.#call('get', id, 'GET'), kind: 'read' };
      return (await this.#session.read(call, attachmentAnswer, w)).attachment;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async list(filter: AttachmentFilter, w: Waiting): Promise<readonly Attachment[]> {
    const isNarrow = filter.volumeId !== undefined || filter.instanceUuid !== undefined;
    const all: Attachment[] = [];
    for (let marker: string | undefined; ; marker = all.at(-1)?.id) {
      const page = await this.#page(filter, isNarrow ? undefined : { marker }, w);
      all.push(...page);
      if (isNarrow || page.length === 0) return all;
    }
  }

  /** Disconnects and deletes. Deleting an attachment that is already gone succeeds. */
  async delete(id: string, w: Waiting): Promise<void> {
    if (await this.#sendDelete(id, w)) return;
    // The caller frees the WWPN next, so verify a 404, and a response that does not confirm the deletion.
    const left = await this.find(id, w);
    if (left === undefined) return;
    throw new ConflictError(`delete attachment ${id}: Cinder still has it, in status "${left.status}"`, {
      attachmentId: id,
      volumeId: left.volumeId,
      status: left.status,
    });
  }

  /** Returns whether Cinder confirms the deletion: its response lists the remaining attachments of the volume. */
  async #sendDelete(id: string, w: Waiting): Promise<boolean> {
    try {
      const call = { ...this.#call('delete', id, 'DELETE'), timeoutMs: this.#backendMs };
      return saysWithout(await this.#session.send(call, w), id);
    } catch (error) {
      if (!isGone(error)) throw error;
      return false;
    }
  }

  async #page(filter: AttachmentFilter, paging: { marker: string | undefined } | undefined, w: Waiting) {
    const query = new URLSearchParams();
    if (filter.volumeId !== undefined) query.set('volume_id', filter.volumeId);
    if (filter.instanceUuid !== undefined) query.set('instance_id', filter.instanceUuid);
    if (filter.allProjects === true) query.set('all_tenants', '1');
    if (paging !== undefined) query.set('limit', String(PAGE));
    if (paging?.marker !== undefined) query.set('marker', paging.marker);
    const path = `/attachments/detail?${query.toString()}`;
    const call: Call = { what: 'list attachments', kind: 'read', method: 'GET', path, needs: since.attachments };
    return (await this.#session.read(call, attachmentPage, w)).attachments;
  }

  /** Deadline of the calls that wait for the array. */
  get #backendMs(): number {
    return this.#session.resources.timeouts.backendMs;
  }

  #call(verb: string, id: string, method: Call['method'], body?: unknown): Call {
    const path = `/attachments/${encodeURIComponent(id)}`;
    return { what: `${verb} attachment ${id}`, kind: 'repeatable', method, path, body, needs: since.attachments };
  }

  async #createOnce(request: CreateAttachment, attempt: number, last: Last, w: Waiting): Promise<Attachment> {
    // Cinder accepts two reservations for one instance, so find the outcome of the last request before the next one.
    const earlier = last.isUnknown ? await this.#findAfterLoss(request, undefined, last, w) : undefined;
    if (earlier !== undefined) return await this.#adopt(earlier, request, w);
    try {
      return await this.#post(request, w);
    } catch (error) {
      if (isGone(error)) throw noVolume(request.volumeId, error);
      // A 400 to a retry may mean that the first request succeeded.
      if (isLost(error) || (attempt > 1 && isCinderError(error, 400))) {
        const found = await this.#findAfterLoss(request, error, last, w);
        if (found !== undefined) return await this.#adopt(found, request, w);
      } else if (isServerError(error)) {
        await this.#removeOrphan(request, error, w);
      }
      throw error;
    }
  }

  async #findAfterLoss(
    request: CreateAttachment,
    error: unknown,
    last: Last,
    w: Waiting,
  ): Promise<Attachment | undefined> {
    last.isUnknown = true;
    const found = await this.#findUnfinished(request, error, w);
    last.isUnknown = false;
    return found;
  }

  async #post(request: CreateAttachment, w: Waiting): Promise<Attachment> {
    const sendsMode = request.mode !== undefined && (await this.#session.maximum(w)) >= since.attachmentMode;
    if (request.connector !== undefined) checked(request.connector);
    const call: Call = {
      what: `create attachment of volume ${request.volumeId}`,
      kind: 'once',
      method: 'POST',
      path: '/attachments',
      body: attachmentRequest(request, sendsMode),
      needs: since.attachments,
      wants: sendsMode ? since.attachmentMode : since.attachmentComplete,
      timeoutMs: request.connector === undefined ? undefined : this.#backendMs,
    };
    return (await this.#session.read(call, attachmentAnswer, w)).attachment;
  }

  /** Adopts the attachment of a lost response. An update is idempotent and returns the lost connection_info. */
  async #adopt(found: Attachment, request: CreateAttachment, w: Waiting): Promise<Attachment> {
    const facts = { event: 'cinder.attachment.adopted', attachmentId: found.id };
    this.#session.resources.log.warn(facts, 'adopted the attachment of a request whose response was lost');
    return request.connector === undefined ? found : await this.update(found.id, request.connector, w);
  }

  /** Removes an attachment that Cinder left behind, because it reserves before it rejects a connector (observed.md 3). */
  async #removeOrphan(request: CreateAttachment, refused: unknown, w: Waiting): Promise<void> {
    const orphan = await this.#findUnfinished(request, refused, w);
    if (orphan === undefined) return;
    try {
      // Cinder deletes a reservation without a call to the array, which may have masked the volume before it failed.
      if (request.connector !== undefined) {
        await this.#actions.terminateConnection(request.volumeId, request.connector, w);
      }
      await this.delete(orphan.id, w);
    } catch (cause) {
      const errors = new AggregateError([refused, cause], 'the creation and its cleanup failed');
      const what = `create attachment of volume ${request.volumeId}: attachment ${orphan.id} is left behind`;
      throw new ConflictError(what, { attachmentId: orphan.id }, { cause: errors });
    }
    const facts = { event: 'cinder.attachment.orphan', attachmentId: orphan.id };
    this.#session.resources.log.warn(facts, 'removed the attachment of a failed request');
  }

  /**
   * Finds the attachment that the request created, if any. Cinder's records identify it only by instance and state.
   *
   * @throws ConflictError when several attachments match, or another client may have made the one that matches (a
   * multiattach volume without an instance)
   */
  async #findUnfinished(request: CreateAttachment, error: unknown, w: Waiting): Promise<Attachment | undefined> {
    const { volumeId, instanceUuid, connector } = request;
    const listed = await this.list({ volumeId, instanceUuid }, w);
    const states = connector === undefined ? ['reserved'] : ['reserved', 'attaching'];
    const candidates = listed.filter((one) => one.instanceUuid === instanceUuid && states.includes(one.status));
    if (candidates.length === 0) return undefined;
    const isShared =
      instanceUuid === undefined && (await findVolumeById(this.#session, volumeId, w))?.multiattach === true;
    if (candidates.length === 1 && !isShared) return candidates[0];
    const ids = candidates.map((one) => one.id);
    const what = `create attachment of volume ${volumeId}: cannot determine which of these it left behind: ${ids.join(', ')}`;
    throw new ConflictError(what, { volumeId, attachmentIds: ids }, { cause: error });
  }
}

interface Last {
  /** Whether the response to the last request was lost, and the search for its attachment failed too. */
  isUnknown: boolean;
}

/**
 * Returns whether Cinder itself did not answer (502 to 504 may come from a proxy), so that the attachment may exist or may
 * still be created.
 */
function isLost(error: unknown): boolean {
  const last = lastAttempt(error);
  if (last instanceof CinderHttpError) return last.status >= 500 && last.faultName === '';
  return classify(last) === 'unknown-outcome';
}

function isServerError(error: unknown): boolean {
  const last = lastAttempt(error);
  return last instanceof CinderHttpError && last.status >= 500;
}
