import { must } from './check.ts';
import type { HostConnectorCheck, HostConnectorTrial, HostEvents } from './connector-subject.ts';
import { HostRehearsal } from './host-rehearsal.ts';

/** Returns checks that a disconnect tolerates events of a real host: one for each event that the host can produce. */
export function hostEventChecks(hostEvents: HostEvents): readonly HostConnectorCheck[] {
  const { losePath, openBriefly, rescan } = hostEvents;
  const losesPath = disconnectsAfter('losePath', 'a volume that lost a path');
  const waits = disconnectsAfter('openBriefly', 'a volume that was briefly open');
  return [
    ...(losePath === undefined ? [] : [{ name: 'disconnects a volume that lost a path', run: losesPath }]),
    ...(openBriefly === undefined ? [] : [{ name: 'waits for a process that opens the device briefly', run: waits }]),
    ...(rescan === undefined ? [] : [{ name: 'disconnects devices that a scan added again', run: disconnectsAgain }]),
  ];
}

/** The remaining paths have flushed all data. */
function disconnectsAfter(event: 'losePath' | 'openBriefly', what: string): HostConnectorCheck['run'] {
  return async (trial) => {
    await using rehearsal = new HostRehearsal(trial);
    const device = await rehearsal.connect();
    rehearsal.subject.hostEvents?.[event]?.(device);
    await rehearsal.connector.disconnectVolume(rehearsal.info, device, rehearsal.waiting);
    rehearsal.mustBeAsBefore(`the disconnect of ${what}`);
  };
}

async function disconnectsAgain(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = await rehearsal.connect();
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, rehearsal.waiting);
  rehearsal.subject.hostEvents?.rescan?.();
  must(!rehearsal.isAsBefore(), 'the snapshot does not show the devices that the scan added again');
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, { ...rehearsal.waiting, force: true });
  rehearsal.mustBeAsBefore('the disconnect of devices that a scan added again');
}
