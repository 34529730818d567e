import type { CinderState } from './state.ts';

/**
 * Volumes and attachments as sorted plain JSON without times, for comparison before and after.
 * @public
 */
export interface CinderSnapshot {
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly status: string;
    /** GiB. */
    readonly size: number;
    readonly bootable: boolean;
    readonly multiattach: boolean;
    readonly readonly: boolean;
    readonly projectId: string;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
  readonly attachments: readonly {
    readonly id: string;
    readonly volumeId: string;
    readonly status: string;
    readonly instance: string | null;
    readonly host: string | null;
    readonly mountpoint: string | null;
    /** The connector's WWPNs as they were sent. */
    readonly wwpns: readonly unknown[];
  }[];
}

/** What Cinder's database holds now, finished work included. */
export function snapshotOf(state: CinderState): CinderSnapshot {
  state.settle();
  const volumes = [...state.volumes.values()].map((volume) => ({
    id: volume.id,
    name: volume.name,
    status: volume.status,
    size: volume.size,
    bootable: volume.bootable,
    multiattach: volume.multiattach,
    // The flag alone: os-attach leaves a "False" behind that says nothing.
    readonly: volume.adminMetadata.readonly === 'True',
    projectId: volume.projectId,
    metadata: Object.fromEntries(Object.entries(volume.metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
  const attachments = [...state.attachments.values()].map((attachment) => ({
    id: attachment.id,
    volumeId: attachment.volumeId,
    status: attachment.status,
    instance: attachment.instance,
    host: attachment.host,
    mountpoint: attachment.mountpoint,
    wwpns: wwpnsOf(attachment.connector?.wwpns),
  }));
  return { volumes: volumes.sort(byId), attachments: attachments.sort(byId) };
}

function wwpnsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
