import { parseBusId, retry, waitUntil } from '../../../base/index.ts';
import type { ErrorFacts, Waiting } from '../../../base/index.ts';
import type { HostContext } from '../context.ts';
import { HostConnectorError } from '../errors.ts';
import { errnoOf, readAttribute } from '../system.ts';
import type { HostSystem } from '../system.ts';

/** The directory of the FCP devices bound to the zfcp driver. Ports and units are directories below a device. */
export const zfcpDriver = '/sys/bus/ccw/drivers/zfcp';
const ccwDevices = '/sys/bus/ccw/devices';

/**
 * Retries EAGAIN (another change is in progress) for ten seconds. Source: linux drivers/s390/scsi/zfcp_sysfs.c;
 * linux drivers/s390/scsi/zfcp_unit.c; feilong zvmsdk volume templates.
 */
const onlineRetries = { attempts: 10, firstDelayMs: 200, maxDelayMs: 2000, factor: 2, budgetMs: 10_000 };

/**
 * Returns `0.0.8001` for `8001`, `0.0.8001` or `0X8001`, as s390-tools do.
 *
 * @throws HostConnectorError when the text is not a device number, because it becomes part of a path
 */
export function normaliseBusId(text: string): string {
  const busId = parseBusId(text);
  if (busId !== undefined) return busId;
  throw new HostConnectorError(`FCP device "${text.slice(0, 40)}" is not a device number (expected 0.0.8001 or 8001)`);
}

/**
 * Sets an FCP device online: visible, then online, then its link up. Does nothing if the device is already online.
 *
 * @throws HostConnectorError when the device is not in this partition, not usable, or its link stays down
 * @remarks The order and its reasons: linux drivers/s390/scsi/zfcp_unit.c; feilong zvmsdk volume templates. Does the
 * same as `chccwdev -e`, without the tool.
 */
export async function setOnline(busId: string, context: HostContext, waiting: Waiting): Promise<void> {
  await unhide(busId, context, waiting);
  const { system } = context;
  const base = `${zfcpDriver}/${busId}`;
  if ((await readAttribute(system, `${base}/online`)) !== '1') {
    const availability = (await readAttribute(system, `${base}/availability`)) ?? 'good';
    if (availability !== 'good') {
      throw new HostConnectorError(`FCP device ${busId} cannot be set online: it is "${availability}"`, { busId });
    }
    await writeOnline(`${base}/online`, busId, context, waiting);
  }
  await waitForLink(busId, context, waiting);
}

/** Frees a device that cio_ignore hides. The second write waits for the bus. */
async function unhide(busId: string, { system }: HostContext, waiting: Waiting): Promise<void> {
  if (!(await system.exists(`${ccwDevices}/${busId}`)) && (await system.exists('/proc/cio_ignore'))) {
    await system.write('/proc/cio_ignore', `free ${busId}`, waiting);
    if (await system.exists('/proc/cio_settle')) await system.write('/proc/cio_settle', '1', waiting);
  }
  if (await system.exists(`${zfcpDriver}/${busId}`)) return;
  const why = (await system.exists(zfcpDriver))
    ? 'there is no such device in this partition, or it is not an FCP device'
    : 'the zfcp driver is not loaded (modprobe zfcp)';
  throw new HostConnectorError(`FCP device ${busId}: ${why}`, { busId });
}

async function writeOnline(path: string, busId: string, context: HostContext, waiting: Waiting): Promise<void> {
  await retry(async () => await context.system.write(path, '1', waiting), {
    what: `set FCP device ${busId} online`,
    policy: onlineRetries,
    signal: waiting.signal,
    isRetryable: (error) => errnoOf(error) === 'EAGAIN',
    log: context.log,
  });
}

async function waitForLink(busId: string, context: HostContext, waiting: Waiting): Promise<void> {
  await waitUntil({
    ...context.policies.online,
    signal: waiting.signal,
    poll: async () => await deviceState(busId, context.system),
    accept: (state) => (state === 'Online' ? { kind: 'done', value: undefined } : { kind: 'again' }),
    label: (state) => state,
    onTimeout: (last, observed) => notUsable(busId, last, { observed }),
  });
}

export function notUsable(busId: string, state: string, facts: ErrorFacts = {}): HostConnectorError {
  return new HostConnectorError(`FCP device ${busId} is not usable: ${state}`, { busId, ...facts });
}

/** Returns `Online`, or why the device is not online. */
export async function deviceState(busId: string, system: HostSystem): Promise<string> {
  const base = `${zfcpDriver}/${busId}`;
  if ((await readAttribute(system, `${base}/online`)) !== '1') return 'offline';
  if ((await readAttribute(system, `${base}/in_recovery`)) === '1') return 'in recovery';
  if ((await readAttribute(system, `${base}/failed`)) === '1') return 'failed';
  const host = (await system.list(base)).find((name) => /^host\d+$/.test(name));
  if (host === undefined) return 'without a SCSI host';
  const portState = await readAttribute(system, `/sys/class/fc_host/${host}/port_state`);
  return portState === 'Online' ? 'Online' : `link ${portState ?? 'unknown'}`;
}
