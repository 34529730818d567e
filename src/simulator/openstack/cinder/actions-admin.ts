import { ACCEPTED, type ActionCall, type ActionHandler } from './action.ts';
import { forbidden } from './actions-connection.ts';
import { ApiFault } from './api-fault.ts';
import { pythonRepr } from './python.ts';
import { VolumeService } from './volume-service.ts';

// cinder/objects/fields.py VolumeStatus.
const VOLUME_STATUSES = [
  'creating',
  'available',
  'deleting',
  'error',
  'error_deleting',
  'error_managing',
  'managing',
  'attaching',
  'in-use',
  'detaching',
  'maintenance',
  'restoring-backup',
  'error_restoring',
  'reserved',
  'awaiting-transfer',
  'backing-up',
  'error_backing-up',
  'error_extending',
  'downloading',
  'uploading',
  'retyping',
  'extending',
];

/** The actions of administrators. */
export const adminActions = {
  'os-reset_status': (call) => {
    if (!call.api.isAdmin) throw forbidden('reset_status');
    resetStatus(call);
    return ACCEPTED;
  },
  'os-force_delete': ({ api, service, volume }) => {
    if (!api.isAdmin) throw forbidden('force_delete');
    new VolumeService(service).delete(volume, true, api.fault);
    return ACCEPTED;
  },
} satisfies Record<string, ActionHandler>;

// Changes the database alone: masks on the array stay. The way out of states that nothing else leaves.
function resetStatus({ service, volume, args }: ActionCall): void {
  const { state } = service;
  const status = typeof args.status === 'string' ? args.status.toLowerCase() : undefined;
  const isDetached = args.attach_status === 'detached';
  if (status !== undefined) checkStatus(status);
  const attachments = state.attachmentsOf(volume.id);
  if (status === 'in-use' && (isDetached || attachments.length === 0)) {
    throw new ApiFault(400, 'Invalid volume: Cannot reset-state to in-use for volume without attachments.');
  }
  if (isDetached) for (const attachment of attachments) state.removeAttachment(attachment);
  if (status !== undefined) {
    volume.pending = undefined;
    state.setStatus(volume, status);
  }
}

function checkStatus(status: string): void {
  if (VOLUME_STATUSES.includes(status) && status !== 'deleting') return;
  const valid = pythonRepr(VOLUME_STATUSES.filter((each) => each !== 'deleting'));
  throw new ApiFault(400, `Volume status: ${status} is invalid, valid statuses are: ${valid}.`);
}
