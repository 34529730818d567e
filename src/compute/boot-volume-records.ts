import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { volumePathSchema } from '../virt/index.ts';

/** The stored form of {@link PartitionRecord.bootVolume}. */
export const bootVolumeSchema = z.object({ volumeId: z.string(), paths: z.array(volumePathSchema) });

const settledSchema = z.object({
  kind: z.literal('succeeded'),
  step: z.literal('settle-storage'),
  output: z.array(bootVolumeSchema.extend({ isBoot: z.boolean() })),
});

/**
 * Copies each server's boot volume into the record of its partition. Up to version 3 it was only in the journal of the spawn,
 * which is pruned.
 */
export function recordBootVolumes(database: DatabaseSync): void {
  const spawns = `select flow.subject, event.event from flow join event on event.flow_id = flow.id
    where flow.flow in ('spawn', 'spawn-prepared') and flow.outcome = 'completed' order by flow.started_at, event.seq`;
  const put = database.prepare(`insert into instance_partition (instance_uuid, wwpns, is_begun_here, boot_volume)
    values (?, '[]', 0, ?) on conflict do update set boot_volume = excluded.boot_volume`);
  const isServer = database.prepare('select 1 from instance where uuid = ?');
  for (const { subject, event } of database.prepare(spawns).all()) {
    const settled = settledSchema.safeParse(parse(String(event)));
    const boot = settled.data?.output.find(({ isBoot }) => isBoot);
    if (boot === undefined || isServer.get(subject ?? null) === undefined) continue;
    put.run(subject ?? null, JSON.stringify({ volumeId: boot.volumeId, paths: boot.paths }));
  }
}

/** Returns undefined for a damaged event. */
function parse(event: string): unknown {
  try {
    return JSON.parse(event);
  } catch {
    return undefined;
  }
}
