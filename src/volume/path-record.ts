import { z } from 'zod';

/**
 * What is known of a path, from "data can flow" to "nothing is there". Each word is one cause that a storage person can
 * act on.
 *
 * - `active`: tried by the machine or the kernel, and the LUN answers
 * - `configured`: all that can be seen says that it works, and nobody has tried it
 * - `idle`: nothing is wrong, but the partition does not run, so its ports are not logged in
 * - `adapter-down`: the adapter or port of the initiator does not work
 * - `target-unreachable`: the initiator does not see the target port (zoning, cabling, a port that is down)
 * - `lun-unreachable`: the target answers, the LUN does not (masking, or the number of the LUN)
 * - `other-volume`: another volume than this one answers
 * - `offline`: the kernel has given up or holds back the SCSI device
 * - `missing`: the path should be there, and the host has no SCSI device for it
 */
const pathStates = [
  'active',
  'configured',
  'idle',
  'adapter-down',
  'target-unreachable',
  'lun-unreachable',
  'other-volume',
  'offline',
  'missing',
] as const;

/** One path of a volume with its state, in the form of the outputs. */
export const pathRecordSchema = z
  .object({
    connector: z.string().describe('name of the partition or host whose path it is'),
    kind: z.enum(['partition', 'host']).describe('what the connector is'),
    server: z.string().nullable().describe('instance that the partition realises'),
    volume_id: z.string().nullable().describe('Cinder volume; null where nothing tells which it is'),
    initiator_wwpn: z.string().nullable().describe('port of the connector, sixteen hex digits'),
    adapter_port: z.string().nullable().describe('adapter object-id and port, or the place on the bus of a host'),
    fabric: z.string().nullable().describe('switch WWN that the port sees; null where it is not told'),
    target_wwpn: z.string().describe('port of the storage array, sixteen hex digits'),
    lun: z.string().describe('FCP LUN, sixteen hex digits'),
    device_number: z.string().nullable().describe('how the guest knows the port, four hex digits'),
    device: z.string().nullable().describe('block device on a host'),
    map: z.string().nullable().describe('multipath device on top of it, on a host'),
    state: z.enum(pathStates).describe('what is known of the path'),
    detail: z.string().describe('who says so, in words'),
  })
  .meta({ id: 'Path', title: 'Path' });

/** @see pathRecordSchema @public */
export type PathRecord = z.infer<typeof pathRecordSchema>;

/** @public */
export type PathState = PathRecord['state'];
