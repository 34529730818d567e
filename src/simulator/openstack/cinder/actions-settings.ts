import { ACCEPTED, type ActionCall, type ActionHandler } from './action.ts';
import { ApiFault } from './api-fault.ts';
import { isObject } from '../json.ts';
import { VolumeService } from './volume-service.ts';
import { gigabytesExceeded, isTrue, textValues } from './volumes.ts';

const EXTEND_IN_USE = 42;

/** The actions that change what a volume is. */
export const settingActions = {
  'os-extend': (call) => {
    extend(call);
    return ACCEPTED;
  },
  'os-update_readonly_flag': ({ volume, args }) => {
    volume.adminMetadata.readonly = isTrue(args.readonly) ? 'True' : 'False';
    return ACCEPTED;
  },
  'os-set_bootable': ({ service, volume, args }) => {
    volume.bootable = isTrue(args.bootable);
    service.driver.setBootable(volume.id, volume.bootable);
    return { status: 200 };
  },
  'os-set_image_metadata': ({ volume, args }) => {
    const added = isObject(args.metadata) ? textValues(args.metadata) : {};
    volume.imageMetadata = { ...volume.imageMetadata, ...added };
    return { status: 200, body: { metadata: volume.imageMetadata } };
  },
} satisfies Record<string, ActionHandler>;

function extend({ api, service, volume, args }: ActionCall): void {
  const newSize = Number(args.new_size);
  const statuses = api.microversion >= EXTEND_IN_USE ? ['available', 'in-use'] : ['available'];
  if (!statuses.includes(volume.status)) {
    const expected = statuses.length > 1 ? "{'status': ('available', 'in-use')}" : "{'status': 'available'}";
    const rule = `Volume ${volume.id} status must be '${expected}' to extend, currently ${volume.status}.`;
    throw new ApiFault(400, `Invalid volume: ${rule}`);
  }
  if (newSize <= volume.size) {
    const rule = 'New size for extend must be greater than current size.';
    throw new ApiFault(400, `Invalid input received: ${rule} (current: ${volume.size}, extended: ${newSize}).`);
  }
  checkQuota(service, volume.projectId, newSize - volume.size);
  new VolumeService(service).extend(volume, newSize, api.fault);
}

function checkQuota({ state, quota }: ActionCall['service'], projectId: string, more: number): void {
  const own = [...state.volumes.values()].filter((volume) => volume.projectId === projectId);
  const used = own.reduce((sum, volume) => sum + volume.size, 0);
  if (used + more > quota.gigabytes) throw gigabytesExceeded(more, quota.gigabytes, used);
}
