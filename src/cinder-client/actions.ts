import { InternalError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { since } from './endpoint.ts';
import { isCinderError, isGone } from './errors.ts';
import type { CallKind } from './policy.ts';
import type { Call, CinderSession } from './session.ts';
import type { AttachMode, ConnectionInfo, Connector } from './types.ts';
import { findVolumeById } from './volumes.ts';
import { connectionAnswer } from './wire/attachment.ts';

/** `POST /volumes/{id}/action`. Source of the states: cinder api/contrib/volume_actions.py. @public */
export type VolumeActions = Readonly<ReturnType<typeof volumeActions>>;

/** The user of a volume: an instance, or a host without Nova. @public */
export type AttachTarget = { readonly mountpoint: string; readonly mode: AttachMode } & (
  { readonly instanceUuid: string } | { readonly hostName: string }
);

/** @public */
export interface ResetStatus {
  readonly status?: string | undefined;
  readonly attachStatus?: string | undefined;
}

/** Returns the actions of volumes. */
export function volumeActions(session: CinderSession) {
  /** Deadline of calls that wait for the array. */
  const timeoutMs = session.resources.timeouts.backendMs;
  const act = async (call: Call, w: Waiting): Promise<void> => {
    await session.send(call, w);
  };
  return {
    /** Sets an `available` volume to `attaching`. */
    reserve: (id: string, w: Waiting) => act(action('reserve', id, 'os-reserve', {}, 'once'), w),
    /** Sets an `attaching` volume back to its earlier status. Leaves any other status unchanged. */
    unreserve: (id: string, w: Waiting) => act(action('unreserve', id, 'os-unreserve', {}, 'repeatable'), w),
    initializeConnection: async (id: string, connector: Connector, w: Waiting): Promise<ConnectionInfo> => {
      const body = { connector: checked(connector) };
      // Not all drivers tolerate a repeated call, so it is sent again only if Cinder did not receive it, as in Nova.
      const call = action('initialize connection of', id, 'os-initialize_connection', body, 'once');
      return (await session.read({ ...call, timeoutMs }, connectionAnswer, w)).connection_info;
    },
    /** Rejects an empty connector, which would unmask every host. Also unreserves a volume that is `attaching`. */
    terminateConnection: async (id: string, connector: Connector, w: Waiting): Promise<void> => {
      const body = { connector: checked(connector) };
      const call = action('terminate connection of', id, 'os-terminate_connection', body, 'repeatable');
      try {
        await act({ ...call, timeoutMs }, w);
      } catch (error) {
        // A 404 is a success only if Cinder no longer shows the volume: the masks are deleted with the volume.
        if (!isGone(error) || (await findVolumeById(session, id, w)) !== undefined) throw error;
      }
    },
    attach: (id: string, target: AttachTarget, w: Waiting) =>
      act({ ...action('attach', id, 'os-attach', attachBody(target), 'repeatable'), timeoutMs }, w),
    /** Detaches an attachment, or without an ID the only one of the volume. Succeeds if the volume does not exist. */
    detach: async (id: string, attachmentId: string | undefined, w: Waiting): Promise<void> => {
      const body = attachmentId === undefined ? {} : { attachment_id: attachmentId };
      try {
        await act({ ...action('detach', id, 'os-detach', body, 'repeatable'), timeoutMs }, w);
      } catch (error) {
        // If the attachment is gone, Cinder answers 400 or 409, depending on other attachments. Only the volume shows it.
        const mayBeDetached = isGone(error) || isCinderError(error, 400, 409);
        if (!mayBeDetached || !(await isDetached(session, id, attachmentId, w))) throw error;
      }
    },
    /** Terminates the connection and detaches in one call. For administrators. */
    forceDetach: (id: string, attachmentId: string, connector: Connector | undefined, w: Waiting) => {
      const body = { attachment_id: attachmentId, connector };
      return act({ ...action('force detach', id, 'os-force_detach', body, 'repeatable'), timeoutMs }, w);
    },
    /** Sets an `in-use` volume to `detaching`. */
    beginDetaching: (id: string, w: Waiting) => act(action('begin detaching', id, 'os-begin_detaching', {}, 'once'), w),
    /** Sets a `detaching` volume to `in-use`. Leaves any other status unchanged. */
    rollDetaching: (id: string, w: Waiting) =>
      act(action('roll detaching', id, 'os-roll_detaching', {}, 'repeatable'), w),
    extend: (id: string, newSizeGib: number, w: Waiting) =>
      act(action('extend', id, 'os-extend', { new_size: newSizeGib }, 'once'), w),
    /** Changes only Cinder's database, not the array. For administrators. */
    resetStatus: (id: string, { status, attachStatus }: ResetStatus, w: Waiting) => {
      const body = { status, attach_status: attachStatus };
      return act(action('reset status of', id, 'os-reset_status', body, 'repeatable'), w);
    },
    setBootable: (id: string, bootable: boolean, w: Waiting) =>
      act(action('set bootable', id, 'os-set_bootable', { bootable }, 'repeatable'), w),
  };
}

/** Builds the call of an action. An empty body is {}, because os-detach answers 500 to null (volume_actions.py). */
function action(verb: string, volumeId: string, name: string, body: unknown, kind: CallKind): Call {
  const path = `/volumes/${encodeURIComponent(volumeId)}/action`;
  const what = `${verb} volume ${volumeId}`;
  // Every v3 has these calls. To extend an in-use volume needs 3.42, which `attachmentComplete` (3.44) includes.
  return { what, kind, method: 'POST', path, body: { [name]: body }, wants: since.attachmentComplete };
}

/** Cinder makes os-attach idempotent per instance and host (cinder volume/manager.py). */
function attachBody(target: AttachTarget): Record<string, string> {
  const user = 'instanceUuid' in target ? { instance_uuid: target.instanceUuid } : { host_name: target.hostName };
  return { ...user, mountpoint: target.mountpoint, mode: target.mode };
}

async function isDetached(session: CinderSession, id: string, attachmentId: string | undefined, w: Waiting) {
  const left = (await findVolumeById(session, id, w))?.attachments ?? [];
  return attachmentId === undefined ? left.length === 0 : left.every((one) => one.attachmentId !== attachmentId);
}

/**
 * Rejects an empty connector, which would unmask every host (observed.md 5), and a connector without a host, which would
 * break Cinder's locks.
 */
export function checked(connector: Connector): Connector {
  if (connector.host !== '' && connector.wwpns.length > 0) return connector;
  throw new InternalError('a connector without host or without wwpns must not reach Cinder');
}
