import { ConflictError, describeError, missingPeer, toError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { CinderClient } from './client.ts';
import {
  CinderConnectionError,
  CinderHttpError,
  isArrayFailure,
  isCinderError,
  isGone,
  isRefusedOutright,
} from './errors.ts';
import { isUncertain, lastAttempt, unreachablePeer, VolumeStateError } from './errors.ts';
import { lacksLun } from './connection-info.ts';
import type { ConnectionInfo, Connector } from './types.ts';
import { noVolume } from './volumes.ts';

/** The common part of both attach flows. */
export abstract class Connections {
  protected readonly cinder: CinderClient;
  protected readonly log: Logger;

  constructor(cinder: CinderClient, log: Logger) {
    this.cinder = cinder;
    this.log = log;
  }

  /**
   * Sets the volume from `in-use` to `detaching`, in both flows. If the response was lost, reads the status of the volume to
   * see whether Cinder received the request, and otherwise sends the request once more.
   *
   * @throws the error of the lost request if Cinder then becomes unreachable: Cinder may have received the request
   */
  async beginDetaching(volumeId: string, w: Waiting): Promise<void> {
    const explain = (error: unknown) => this.explainRefusal(error, 'begin detaching', volumeId, ['in-use'], w);
    try {
      await this.cinder.actions.beginDetaching(volumeId, w);
      return;
    } catch (error) {
      if (!isUncertain(error)) throw await explain(error);
      const seen = await this.#statusAfter(error, volumeId, w);
      if (seen === 'detaching') return;
      if (seen !== 'in-use' || !(lastAttempt(error) instanceof CinderConnectionError)) throw await explain(error);
      await this.#beginAgain(volumeId, error, explain, w);
    }
  }

  async #beginAgain(
    volumeId: string,
    lost: unknown,
    explain: (error: unknown) => Promise<unknown>,
    w: Waiting,
  ): Promise<void> {
    try {
      await this.cinder.actions.beginDetaching(volumeId, w);
    } catch (error) {
      if (unreachablePeer(error) !== undefined && !isUncertain(error)) throw lost;
      // Cinder refuses because the volume is already `detaching`: the first request arrived late.
      const isMaybeDone = isUncertain(error) || isCinderError(error, 400);
      if (!isMaybeDone || (await this.#statusAfter(lost, volumeId, w)) !== 'detaching') throw await explain(error);
    }
  }

  /**
   * Returns the status of a volume after a request whose outcome is unknown.
   *
   * @throws the error of that request if the volume cannot be read
   */
  async #statusAfter(error: unknown, volumeId: string, w: Waiting): Promise<string | undefined> {
    try {
      return (await this.cinder.findVolume(volumeId, w))?.status;
    } catch (second) {
      this.log.debug({ event: 'cinder.unread', volumeId, error: describeError(second) }, 'the volume cannot be read');
      throw error;
    }
  }

  async rollDetaching(volumeId: string, w: Waiting): Promise<void> {
    await this.cinder.actions.rollDetaching(volumeId, w);
  }

  /**
   * Returns an error that explains why Cinder refused the operation. Cinder's 400 says only "invalid", so this reads the
   * volume's status.
   *
   * @param expected - the statuses in which the operation works
   */
  protected async explainRefusal(
    error: unknown,
    what: string,
    volumeId: string,
    expected: readonly string[],
    w: Waiting,
  ): Promise<unknown> {
    if (!(lastAttempt(error) instanceof CinderHttpError)) return error;
    if (isGone(error)) return noVolume(volumeId, error);
    if (!isCinderError(error, 400)) return error;
    const volume = await this.cinder.findVolume(volumeId, w);
    if (volume === undefined) return noVolume(volumeId, error);
    return expected.includes(volume.status) ? error : new VolumeStateError(what, volume, expected, { cause: error });
  }

  /**
   * Connects the volume, and repeats the request once if the response has no LUN. A repeated request is safe in both flows:
   * drivers have to tolerate it, and Cinder accepts another update of a connected attachment (cinder volume/manager.py,
   * volume/api.py attachment_update). If the second request fails, returns the first response, because the volume is
   * already masked. The reader of the connection_info then reports the missing LUN.
   */
  protected async connectWithLun(
    volumeId: string,
    connect: () => Promise<ConnectionInfo>,
    { signal }: Waiting,
  ): Promise<ConnectionInfo> {
    const first = await connect();
    if (!lacksLun(first)) return first;
    this.log.warn(
      { event: 'cinder.no-lun', volumeId },
      'the array has not reported the LUN; repeating the request once',
    );
    try {
      return await connect();
    } catch (error) {
      signal.throwIfAborted();
      const facts = { event: 'cinder.no-lun', volumeId, error: describeError(error) };
      this.log.warn(facts, 'the repeated request for the LUN failed');
      return first;
    }
  }

  /**
   * Removes a mask that the array may have made, after a connection that failed on the array or whose response was lost, as
   * Nova's client does. Only logs a failure, because the caller throws the first error.
   *
   * @returns whether the array removed the mask
   */
  protected async backOut(volumeId: string, connector: Connector, error: unknown, w: Waiting): Promise<boolean> {
    if (isRefusedOutright(error) || w.signal.aborted) return false;
    try {
      await this.cinder.actions.terminateConnection(volumeId, connector, w);
      return true;
    } catch (second) {
      const facts = { event: 'cinder.backout', volumeId, error: describeError(second) };
      this.log.warn(facts, 'the array may still mask the volume');
      return false;
    }
  }

  /**
   * Removes a connection that may not exist, because a response was lost or somebody unmasked the volume. Many arrays then
   * fail to remove it, for example with Cinder's Storwize driver, and Cinder answers 500, as for any failure of the array.
   * So this connects the volume again, which drivers have to tolerate, and then removes the connection.
   */
  protected async removeReliably(
    volumeId: string,
    connector: Connector,
    remove: () => Promise<void>,
    connect: () => Promise<unknown>,
    w: Waiting,
  ): Promise<void> {
    try {
      await remove();
    } catch (error) {
      if (!isArrayFailure(error)) throw error;
      const facts = { event: 'cinder.reconnect', volumeId, error: describeError(error) };
      this.log.warn(facts, 'the array failed to disconnect the volume; connecting it again, to disconnect it reliably');
      const failure = await connect().then(
        () => undefined,
        (second: unknown) => toError(second ?? error),
      );
      w.signal.throwIfAborted();
      try {
        await remove();
      } catch (third) {
        if (failure === undefined || !isArrayFailure(third)) throw third;
        // A retry can succeed once Cinder is reachable again, so nobody has to check the array.
        if (missingPeer(failure) !== undefined) throw failure;
        const ports = connector.wwpns.join(', ');
        const message = `disconnect volume ${volumeId}: the array failed to disconnect it, and to connect it again; check on the array whether it still presents the volume to ${ports}`;
        throw new ConflictError(message, { volumeId, wwpns: connector.wwpns }, { cause: third });
      }
    }
  }
}
