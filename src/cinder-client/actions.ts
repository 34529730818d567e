import { InternalError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { isCinderError, isGone } from './errors.ts';
import { since } from './microversion.ts';
import type { CallKind } from './policy.ts';
import type { Call, CinderSession } from './session.ts';
import type { AttachTarget, ConnectionInfo, Connector, ResetStatus, VolumeActions } from './types.ts';
import { findVolumeById } from './volumes.ts';
import { connectionAnswer } from './wire/connection.ts';

/** The actions of a volume. `backendMs` is for those that wait for the array. */
export function volumeActions(session: CinderSession, backendMs: number): VolumeActions {
  const act = async (call: Call, w: Waiting): Promise<void> => {
    await session.send(call, w);
  };
  return {
    reserve: (id, w) => act(action('reserve', id, 'os-reserve', {}, 'once'), w),
    unreserve: (id, w) => act(action('unreserve', id, 'os-unreserve', {}, 'repeatable'), w),
    initializeConnection: (id, connector, w) => initialize(session, id, connector, backendMs, w),
    terminateConnection: (id, connector, w) => terminate(session, id, connector, backendMs, w),
    attach: (id, target, w) =>
      act({ ...action('attach', id, 'os-attach', attachBody(target), 'repeatable'), timeoutMs: backendMs }, w),
    detach: (id, attachmentId, w) => detach(session, id, attachmentId, backendMs, w),
    forceDetach: (id, attachmentId, connector, w) => {
      const body = { attachment_id: attachmentId, connector };
      return act({ ...action('force detach', id, 'os-force_detach', body, 'repeatable'), timeoutMs: backendMs }, w);
    },
    beginDetaching: (id, w) => act(action('begin detaching', id, 'os-begin_detaching', {}, 'once'), w),
    rollDetaching: (id, w) => act(action('roll detaching', id, 'os-roll_detaching', {}, 'repeatable'), w),
    extend: (id, newSizeGib, w) => act(action('extend', id, 'os-extend', { new_size: newSizeGib }, 'once'), w),
    resetStatus: (id, status, w) =>
      act(action('reset status of', id, 'os-reset_status', resetBody(status), 'repeatable'), w),
    setBootable: (id, bootable, w) => act(action('set bootable', id, 'os-set_bootable', { bootable }, 'repeatable'), w),
  };
}

/**
 * An empty object rather than null where there is nothing to say: os-detach fails with a 500 on null (cinder
 * api/contrib/volume_actions.py).
 */
function action(verb: string, volumeId: string, name: string, body: unknown, kind: CallKind): Call {
  const path = `/volumes/${encodeURIComponent(volumeId)}/action`;
  const what = `${verb} volume ${volumeId}`;
  // Old calls are in every v3; in-use volumes are extended from 3.42 only, which the usual level covers.
  return { what, kind, method: 'POST', path, body: { [name]: body }, wants: since.attachmentComplete };
}

/** Idempotent per instance and host by Cinder's own rule (cinder volume/manager.py). */
function attachBody(target: AttachTarget): Record<string, string> {
  const user = 'instanceUuid' in target ? { instance_uuid: target.instanceUuid } : { host_name: target.hostName };
  return { ...user, mountpoint: target.mountpoint, mode: target.mode };
}

function resetBody({ status, attachStatus }: ResetStatus): Record<string, string | undefined> {
  return { status, attach_status: attachStatus };
}

async function initialize(
  session: CinderSession,
  id: string,
  connector: Connector,
  timeoutMs: number,
  w: Waiting,
): Promise<ConnectionInfo> {
  const body = { connector: checked(connector) };
  // Drivers promise to bear a repeat, but not all keep it: as in Nova, only what did not arrive is sent again.
  const call = action('initialize connection of', id, 'os-initialize_connection', body, 'once');
  return (await session.read({ ...call, timeoutMs }, connectionAnswer, w)).connection_info;
}

async function terminate(session: CinderSession, id: string, connector: Connector, timeoutMs: number, w: Waiting) {
  const body = { connector: checked(connector) };
  const call = action('terminate connection of', id, 'os-terminate_connection', body, 'repeatable');
  try {
    await session.send({ ...call, timeoutMs }, w);
  } catch (error) {
    // The masking of a volume that is gone went with it; but gone is only what Cinder does not show either.
    if (!isGone(error) || (await findVolumeById(session, id, w)) !== undefined) throw error;
  }
}

async function detach(
  session: CinderSession,
  id: string,
  attachmentId: string | undefined,
  timeoutMs: number,
  w: Waiting,
): Promise<void> {
  const body = attachmentId === undefined ? {} : { attachment_id: attachmentId };
  const call = action('detach', id, 'os-detach', body, 'repeatable');
  try {
    await session.send({ ...call, timeoutMs }, w);
  } catch (error) {
    // An attachment that is gone is a 409 or a 400, depending on what else there is: the volume itself tells.
    if (!(isGone(error) || isCinderError(error, 400, 409)) || !(await isDetached(session, id, attachmentId, w)))
      throw error;
  }
}

async function isDetached(session: CinderSession, id: string, attachmentId: string | undefined, w: Waiting) {
  const volume = await findVolumeById(session, id, w);
  const left = volume?.attachments ?? [];
  return attachmentId === undefined ? left.length === 0 : left.every((one) => one.attachmentId !== attachmentId);
}

/** An empty connector unmasks every host (observed.md 5), and one without a host breaks Cinder's locks. */
export function checked(connector: Connector): Connector {
  if (connector.host !== '' && connector.wwpns.length > 0) return connector;
  throw new InternalError('a connector without host or without wwpns must not reach Cinder');
}
