import { ConflictError, NotFoundError, retry } from '../base/index.ts';
import type { Logger, RetryPolicy, Waiting } from '../base/index.ts';
import { checked } from './actions.ts';
import { CinderHttpError, classify, isCinderError, isGone, lastAttempt } from './errors.ts';
import { since } from './microversion.ts';
import type { Call, CinderSession } from './session.ts';
import type {
  Attachment,
  AttachmentFilter,
  AttachmentVerbs,
  Connector,
  CreateAttachment,
  VolumeActions,
} from './types.ts';
import { findVolumeById, noVolume } from './volumes.ts';
import { attachmentAnswer, attachmentPage, attachmentRequest, saysWithout } from './wire/attachment.ts';

export interface AttachmentOptions {
  readonly session: CinderSession;
  /** Between two creations, when the first one's answer was lost and nothing was found of it. */
  readonly policy: RetryPolicy;
  /** Deadline of the calls that wait for the array. */
  readonly backendMs: number;
  readonly actions: Pick<VolumeActions, 'terminateConnection'>;
  readonly log: Logger;
}

/** Cinder pages a list of attachments without saying so: the next page is asked for until one is empty. */
const PAGE = 500;

/** The attachments API. */
export class Attachments implements AttachmentVerbs {
  readonly #session: CinderSession;
  readonly #options: AttachmentOptions;

  constructor(options: AttachmentOptions) {
    this.#session = options.session;
    this.#options = options;
  }

  async create(request: CreateAttachment, w: Waiting): Promise<Attachment> {
    const last: Last = { isUnknown: false };
    return await retry(async (attempt) => await this.#createOnce(request, attempt, last, w), {
      what: `create attachment of volume ${request.volumeId}`,
      policy: this.#options.policy,
      signal: w.signal,
      isRetryable: (error) => isLost(error),
      log: this.#options.log,
    });
  }

  async update(id: string, connector: Connector, w: Waiting): Promise<Attachment> {
    const call = this.#call('update', id, 'PUT', { attachment: { connector: checked(connector) } });
    const timeoutMs = this.#options.backendMs;
    return (await this.#session.read({ ...call, timeoutMs }, attachmentAnswer, w)).attachment;
  }

  async complete(id: string, w: Waiting): Promise<void> {
    const call = this.#call('complete', id, 'POST', { 'os-complete': id });
    const path = `${call.path}/action`;
    await this.#session.send({ ...call, path, needs: since.attachmentComplete }, w);
  }

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

  async delete(id: string, w: Waiting): Promise<void> {
    if (await this.#sendDelete(id, w)) return;
    // What is given up next is a WWPN: an answer that says "gone", or says nothing, is not enough for that.
    const left = await this.find(id, w);
    if (left === undefined) return;
    throw new ConflictError(`delete attachment ${id}: Cinder still has it, in status "${left.status}"`, {
      attachmentId: id,
      volumeId: left.volumeId,
      status: left.status,
    });
  }

  /** @returns whether Cinder says that it has deleted it: it answers with what is left on the volume */
  async #sendDelete(id: string, w: Waiting): Promise<boolean> {
    try {
      const call = { ...this.#call('delete', id, 'DELETE'), timeoutMs: this.#options.backendMs };
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
    const what = 'list attachments';
    const call: Call = { what, kind: 'read', method: 'GET', path, needs: since.attachments };
    return (await this.#session.read(call, attachmentPage, w)).attachments;
  }

  #call(verb: string, id: string, method: Call['method'], body?: unknown): Call {
    const path = `/attachments/${encodeURIComponent(id)}`;
    return { what: `${verb} attachment ${id}`, kind: 'repeatable', method, path, body, needs: since.attachments };
  }

  async #createOnce(request: CreateAttachment, attempt: number, last: Last, w: Waiting): Promise<Attachment> {
    // Cinder reserves twice for one instance: nothing is asked for again before it is known what came of the last time.
    const earlier = last.isUnknown ? await this.#lookAgain(request, undefined, last, w) : undefined;
    if (earlier !== undefined) return await this.#adopt(earlier, request, w);
    try {
      return await this.#post(request, w);
    } catch (error) {
      if (isGone(error)) throw noVolume(request.volumeId, error);
      // A 400 to a repeat may mean that the first one did arrive.
      if (isLost(error) || (attempt > 1 && isCinderError(error, 400))) {
        const found = await this.#lookAgain(request, error, last, w);
        if (found !== undefined) return await this.#adopt(found, request, w);
      } else if (isServerError(error)) {
        await this.#removeOrphan(request, error, w);
      }
      throw error;
    }
  }

  async #lookAgain(request: CreateAttachment, error: unknown, last: Last, w: Waiting): Promise<Attachment | undefined> {
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
      timeoutMs: request.connector === undefined ? undefined : this.#options.backendMs,
    };
    return (await this.#session.read(call, attachmentAnswer, w)).attachment;
  }

  /** A repeat of update is harmless, and brings the connection_info that was lost. */
  async #adopt(found: Attachment, request: CreateAttachment, w: Waiting): Promise<Attachment> {
    this.#options.log.warn({ event: 'cinder.attachment.adopted', attachmentId: found.id }, 'its answer was lost');
    return request.connector === undefined ? found : await this.update(found.id, request.connector, w);
  }

  /** Cinder refuses a connector after it has reserved: volume and record stay behind (observed.md 3). */
  async #removeOrphan(request: CreateAttachment, refused: unknown, w: Waiting): Promise<void> {
    const orphan = await this.#findUnfinished(request, refused, w);
    if (orphan === undefined) return;
    try {
      // The deletion of a mere reservation does not reach the array, which may have masked before it failed.
      if (request.connector !== undefined) {
        await this.#options.actions.terminateConnection(request.volumeId, request.connector, w);
      }
      await this.delete(orphan.id, w);
    } catch (cause) {
      const errors = new AggregateError([refused, cause], 'refused, and not cleaned up');
      const what = `create attachment of volume ${request.volumeId}: attachment ${orphan.id} is left behind`;
      throw new ConflictError(what, { attachmentId: orphan.id }, { cause: errors });
    }
    this.#options.log.warn({ event: 'cinder.attachment.orphan', attachmentId: orphan.id }, 'orphan removed');
  }

  /**
   * The attachment that our request made, if it did. Nothing but instance and state tells it from others: where others
   * can exist beside it (a multiattach volume, no instance), or several are found, nothing is touched.
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
    const what = `create attachment of volume ${volumeId}: which of these it left behind cannot be told: ${ids.join(', ')}`;
    throw new ConflictError(what, { volumeId, attachmentIds: ids }, { cause: error });
  }
}

/** What is known of the request before: unknown when its answer was lost, and looking for what it made failed too. */
interface Last {
  isUnknown: boolean;
}

/** No answer of Cinder's own: it may have done it, and may still be at it. A proxy's 502, 503 or 504 says no more. */
function isLost(error: unknown): boolean {
  const last = lastAttempt(error);
  if (last instanceof CinderHttpError) return last.status >= 500 && last.faultName === '';
  return classify(last) === 'unknown-outcome';
}

function isServerError(error: unknown): boolean {
  const last = lastAttempt(error);
  return last instanceof CinderHttpError && last.status >= 500;
}
