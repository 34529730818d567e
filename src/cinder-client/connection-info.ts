import { z } from 'zod';
import type { JsonValue } from '../base/index.ts';
import { CinderSchemaError } from './errors.ts';
import type { ConnectionInfo } from './types.ts';
import { describeIssues, jsonRecord } from './wire/parse.ts';

/** Keys of the flat form that are not the array's data. Source: nova volume/cinder.py. */
const bookkeeping: ReadonlySet<string> = new Set(['driver_volume_type', 'attachment_id']);

const form = jsonRecord.transform((info, context) => {
  const type = info.driver_volume_type;
  if (typeof type === 'string' && type !== '') return { type, info, data: jsonRecord.safeParse(info.data).data };
  const path = ['driver_volume_type'];
  context.issues.push({ code: 'custom', input: info, path, message: 'missing, or not a string' });
  return z.NEVER;
});

/**
 * Reads connection_info in either of Cinder's forms, nested under `data` (legacy call) or flat (attachments API), and
 * returns it nested. Keeps unknown keys: in `data` for the flat form, beside `data` for the nested form.
 *
 * @param facts - fields to add beside `data`, as Nova does with those of the attachment
 * @throws CinderSchemaError when the value has neither form
 * @public
 */
export function readConnectionInfo(value: unknown, facts: Readonly<Record<string, JsonValue>> = {}): ConnectionInfo {
  const result = form.safeParse(value);
  if (!result.success) {
    const issues = describeIssues(result.error);
    throw new CinderSchemaError(`connection_info cannot be read: ${issues.join('; ')}`, { issues });
  }
  const { type, info, data } = result.data;
  if (data !== undefined) return { ...facts, ...info, driver_volume_type: type, data };
  const own = Object.entries(info).filter(([key]) => !bookkeeping.has(key));
  return { ...facts, driver_volume_type: type, data: Object.fromEntries(own) };
}

const lunKeys: ReadonlySet<string> = new Set(['target_lun', 'target_luns', 'initiator_target_lun_map']);

/**
 * Returns whether the connection_info of a Fibre Channel volume has no LUN. Some drivers read the LUN from the array only
 * once, right after the mapping. If the array has no LUN at that time, they return null (cinder
 * volume/drivers/dell_emc/powerstore/client.py get_volume_lun, hpe/nimble.py get_lun_number) or omit the key
 * (dell_emc/vnx/common.py FCTargetData).
 */
export function lacksLun({ driver_volume_type: type, data }: ConnectionInfo): boolean {
  if (type !== 'fibre_channel') return false;
  const isLun = ([key, value]: [string, JsonValue]) =>
    lunKeys.has(key.toLowerCase()) &&
    (typeof value === 'object' ? value !== null && Object.keys(value).length > 0 : value !== '');
  return !Object.entries(data).some(isLun);
}
