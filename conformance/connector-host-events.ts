import { must } from './check.ts';
import type { HostConnectorCheck, HostConnectorTrial, HostDisturbances } from './connector-subject.ts';
import { HostRehearsal } from './host-rehearsal.ts';

/** What a disconnect has to survive, where the host can show it. */
export function disturbanceChecks(disturb: HostDisturbances): readonly HostConnectorCheck[] {
  const { losePath, openBriefly, rescan } = disturb;
  return [
    ...(losePath === undefined ? [] : [{ name: 'disconnects a volume that has lost a path', run: losesPath }]),
    ...(openBriefly === undefined ? [] : [{ name: 'waits for one who has it open for a moment', run: waits }]),
    ...(rescan === undefined
      ? []
      : [{ name: 'disconnects again what a scan has brought back', run: disconnectsAgain }]),
  ];
}

/** The others have written everything out. */
async function losesPath(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = await rehearsal.connect();
  rehearsal.subject.disturb?.losePath?.(device);
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, rehearsal.waiting);
  rehearsal.mustBeAsBefore('the disconnect of a volume that had lost a path');
}

async function waits(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = await rehearsal.connect();
  rehearsal.subject.disturb?.openBriefly?.(device);
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, rehearsal.waiting);
  rehearsal.mustBeAsBefore('the disconnect of a volume that was open for a moment');
}

async function disconnectsAgain(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = await rehearsal.connect();
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, rehearsal.waiting);
  rehearsal.subject.disturb?.rescan?.();
  must(!rehearsal.isAsBefore(), 'the snapshot does not show what the scan has brought back');
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, { ...rehearsal.waiting, force: true });
  rehearsal.mustBeAsBefore('the disconnect of what a scan had brought back');
}
