import { ACCEPTED, type ActionCall, type ActionHandler } from './action.ts';
import { ApiFault } from './api-fault.ts';
import type { AttachmentRecord, VolumeRecord } from './state.ts';

/** The actions that only change states: the bookkeeping half of the attach flow before 3.27. */
export const stateActions = {
  'os-reserve': ({ service, volume }) => {
    const free = volume.multiattach ? ['available', 'in-use'] : ['available'];
    if (!free.includes(volume.status)) {
      const needed = 'Volume status must be available to reserve, but the status is';
      throw new ApiFault(400, `Invalid volume: ${needed} ${volume.status}.`);
    }
    service.state.setStatus(volume, 'attaching');
    return ACCEPTED;
  },
  'os-unreserve': (call) => {
    unreserve(call);
    return ACCEPTED;
  },
  'os-attach': (call) => {
    attach(call);
    return ACCEPTED;
  },
  'os-begin_detaching': ({ service, volume }) => {
    if (volume.status !== 'in-use' || !service.state.isAttached(volume.id)) {
      const needed = "Volume status must be 'in-use' and attach_status must be 'attached' to detach.";
      throw new ApiFault(400, `Invalid volume: Unable to detach volume. ${needed}`);
    }
    service.state.setStatus(volume, 'detaching');
    return ACCEPTED;
  },
  // Silent in any other state, as is os-unreserve.
  'os-roll_detaching': ({ service, volume }) => {
    if (volume.status === 'detaching') service.state.setStatus(volume, 'in-use');
    return ACCEPTED;
  },
} satisfies Record<string, ActionHandler>;

/** Takes a reservation back: in-use when there are attachments, else available; nothing in any other state. */
export function unreserve({ service, volume }: Pick<ActionCall, 'service' | 'volume'>): void {
  if (volume.status !== 'attaching') return;
  const isUsed = service.state.attachmentsOf(volume.id).length > 0;
  service.state.setStatus(volume, isUsed ? 'in-use' : 'available');
}

// cinder/volume/manager.py attach_volume; idempotent for the same server or host.
function attach({ api, service, volume, args }: ActionCall): void {
  const instance = typeof args.instance_uuid === 'string' ? args.instance_uuid : null;
  const host = typeof args.host_name === 'string' ? sanitizeHostName(args.host_name) : null;
  const mode = args.mode === 'ro' ? 'ro' : 'rw';
  const { state } = service;
  const all = state.attachmentsOf(volume.id);
  const known = all.find((each) => (instance === null ? each.host === host : each.instance === instance));
  if (!known) checkAttachable(volume, all);
  volume.adminMetadata.readonly ??= 'False';
  if (volume.adminMetadata.readonly === 'True' && mode === 'rw') throw readOnly(volume, mode);
  if (api.fault?.kind.type === 'stuck') {
    api.fault.take();
    state.setStatus(volume, 'attaching');
    return;
  }
  volume.adminMetadata.attached_mode = mode;
  if (!known) {
    const mountpoint = typeof args.mountpoint === 'string' ? args.mountpoint : null;
    const facts = { status: 'attached', host, mountpoint, attachMode: mode, attachedAt: state.now() } as const;
    state.addAttachment(volume.id, instance, facts);
  }
  state.setStatus(volume, 'in-use');
}

function checkAttachable(volume: VolumeRecord, all: readonly AttachmentRecord[]): void {
  if (volume.status === 'attaching' || volume.status === 'available') return;
  if (volume.status === 'in-use' && volume.multiattach) return;
  const reason =
    all.length > 0
      ? 'volume is already attached and multiple attachments are not enabled'
      : `status must be available or attaching to attach, but the current status is ${volume.status}`;
  throw new ApiFault(400, `Invalid volume: ${reason}`);
}

function readOnly({ id }: VolumeRecord, mode: string): ApiFault {
  return new ApiFault(400, `Invalid attaching mode '${mode}' for volume ${id}.`);
}

// cinder/volume/volume_utils.py sanitize_hostname.
function sanitizeHostName(name: string): string {
  const dashed = name.replaceAll(/[ _]/g, '-').replaceAll(/[^\w.-]+/g, '');
  return dashed.toLowerCase().replaceAll(/^[.-]+|[.-]+$/g, '');
}
