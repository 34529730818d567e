import { ACCEPTED, type ActionCall, type ActionHandler } from './action.ts';
import { unreserve } from './actions-state.ts';
import { ApiFault } from './api-fault.ts';
import { Connections } from './connections.ts';
import { checkDeletionAllowed } from './deletion-rule.ts';
import { BackendError, ConnectorRefused, type Connector } from './driver.ts';
import { isObject } from '../json.ts';
import type { AttachmentRecord } from './state.ts';

/** The actions that reach the array: the other half of the attach flow before 3.27. */
export const connectionActions = {
  'os-initialize_connection': (call) => ({ status: 200, body: { connection_info: initialize(call) } }),
  'os-terminate_connection': (call) => {
    terminate(call, call.args.connector);
    return ACCEPTED;
  },
  'os-detach': (call) => {
    detach(call);
    return ACCEPTED;
  },
  'os-force_detach': (call) => {
    if (!call.api.isAdmin) throw forbidden('force_detach');
    terminate(call, call.args.connector ?? null);
    detach(call);
    return ACCEPTED;
  },
} satisfies Record<string, ActionHandler>;

/** What an administrator's action says to others. */
export function forbidden(action: string): ApiFault {
  return new ApiFault(403, `Policy doesn't allow volume_extension:volume_admin_actions:${action} to be performed.`);
}

// The state of the volume is neither asked nor changed; the call can be repeated.
function initialize({ api, service, volume, args }: ActionCall): object {
  const { connector } = args;
  const unable = new ApiFault(500, 'Unable to fetch connection information from backend.');
  // A text passes the schema and fails in the driver.
  if (!isObject(connector)) throw unable;
  try {
    const info = new Connections(service).initialize(volume, connector, api.fault);
    return { driver_volume_type: info.driverVolumeType, data: info.data, ...info.enforceMultipath };
  } catch (error) {
    if (error instanceof ConnectorRefused) throw new ApiFault(400, error.message);
    throw error instanceof BackendError ? unable : error;
  }
}

function terminate({ api, service, volume }: ActionCall, connector: unknown): void {
  const { state, nova } = service;
  const all = state.attachmentsOf(volume.id);
  checkDeletionAllowed(api, nova, undefined, all);
  const asked: Connector | null = isObject(connector) ? connector : null;
  try {
    new Connections(service).terminate(
      volume,
      asked,
      api.fault,
      all.find(({ host }) => host === asked?.host),
    );
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw new ApiFault(500, 'Unable to terminate volume connection from backend.');
  }
  unreserve({ service, volume });
}

// Forgets the record; the array is not asked. A volume without attachments is left in its status, unless that was a
// transition.
function detach({ api, service, volume, args }: ActionCall): void {
  const { state, nova } = service;
  const all = state.attachmentsOf(volume.id);
  const asked = findAsked(all, args.attachment_id);
  checkDeletionAllowed(api, nova, asked, all);
  const attachment = asked === 'unknown' ? undefined : (asked ?? all[0]);
  if (asked === undefined && all.length > 1) throw ambiguous();
  if (api.fault?.kind.type === 'stuck') {
    api.fault.take();
    state.setStatus(volume, 'detaching');
    return;
  }
  if (attachment) state.removeAttachment(attachment);
  else state.deriveStatus(volume);
}

function findAsked(all: readonly AttachmentRecord[], id: unknown): AttachmentRecord | 'unknown' | undefined {
  if (typeof id !== 'string') return undefined;
  return all.find((attachment) => attachment.id === id) ?? 'unknown';
}

function ambiguous(): ApiFault {
  const reason = 'Detach volume failed: More than one attachment, but no attachment_id provided.';
  return new ApiFault(400, `Invalid volume: ${reason}`);
}
