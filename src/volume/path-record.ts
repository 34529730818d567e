import { z } from 'zod';

/**
 * The states of a path, from working to absent. Each names one cause that a storage administrator can act on.
 *
 * - `active`: the machine or the kernel has tested the path, and the LUN answers
 * - `configured`: no fault is visible, but the path was not tested
 * - `idle`: no fault is visible, but the partition is not running, so its ports are not logged in
 * - `adapter-down`: the adapter or port of the initiator does not work
 * - `target-unreachable`: the initiator does not see the target port (zoning, cabling, a port that is down)
 * - `lun-unreachable`: the target answers, the LUN does not (masking, or a wrong LUN number)
 * - `other-volume`: a different volume answers
 * - `offline`: the kernel has failed or blocked the SCSI device
 * - `missing`: the path is expected, but the host has no SCSI device for it
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

/** A path of a volume with its state, as the commands print it. */
export const pathRecordSchema = z
  .object({
    connector: z.string().describe('name of the partition or host that the path belongs to'),
    kind: z.enum(['partition', 'host']).describe('kind of the connector'),
    server: z.string().nullable().describe('name of the server that the partition runs'),
    volume_id: z.string().nullable().describe('ID of the Cinder volume; null if unknown'),
    volume_name: z.string().nullable().describe('name of the Cinder volume; null if it has none or it is unknown'),
    initiator_wwpn: z.string().nullable().describe('port of the connector, sixteen hex digits'),
    adapter_port: z.string().nullable().describe('adapter object-id and port, or the place on the bus of a host'),
    fabric: z.string().nullable().describe('switch WWN that the port sees; null if unknown'),
    target_wwpn: z.string().describe('port of the storage array, sixteen hex digits'),
    lun: z.string().describe('FCP LUN, sixteen hex digits'),
    device_number: z
      .string()
      .nullable()
      .describe("device number of the partition's port in the guest, four hex digits"),
    device: z.string().nullable().describe('block device on a host'),
    map: z.string().nullable().describe('multipath device on top of it, on a host'),
    state: z.enum(pathStates).describe('state of the path'),
    detail: z.string().describe('reason for the state, in words'),
  })
  .meta({ title: 'Path' });

/** @see pathRecordSchema @public */
export type PathRecord = z.infer<typeof pathRecordSchema>;

/** @public */
export type PathState = PathRecord['state'];
