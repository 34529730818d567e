import { silentLogger } from '../../src/base/index.ts';
import { LegacyConnections } from '../../src/cinder-client/legacy-connections.ts';
import { createVolumes, deleteVolumes } from './scratch-volumes.ts';
import type { Stage } from './stage.ts';

/**
 * Sends the requests of the legacy API one by one, at the newest microversion. Every v3 has them, and a volume that was
 * attached with them before an upgrade of Cinder is released with them afterwards. Uses no driver and no HMC; the ports
 * are invented.
 */
export async function legacyDirect(stage: Stage): Promise<void> {
  const { report, cinder, array } = stage;
  const { microversion } = await cinder.level(stage);
  report.heading(`Calls of the legacy flow, by the client alone, at microversion ${microversion}`);
  const volumes = await createVolumes(stage);
  const before = await stage.snapshot(stage);
  const { id: volumeId } = volumes.data;
  const status = async () => (await cinder.getVolume(volumeId, stage)).status;
  const legacy = new LegacyConnections(cinder, silentLogger);
  const connector = { host: 'compute1', wwpns: ['c05076ffe5000001', 'c05076ffe5000002'], mountpoint: '/dev/sda' };

  const reserved = await report.step('reserve', () => legacy.reserve({ volumeId }, stage));
  report.equal('Cinder says attaching', await status(), 'attaching');
  const { data } = await report.step('connect', () => legacy.connect(reserved, connector, stage));
  report.equal('connection_info has the LUN of the mask', data.target_lun, array.masksOf(volumeId)[0]?.lun);
  const request = { mountpoint: '/dev/sda', mode: 'rw', hostName: 'compute1' } as const;
  const attached = await report.step('complete', () => legacy.complete(reserved, request, stage));
  report.equal('Cinder says in-use', await status(), 'in-use');
  report.equal('and the reservation is found', await legacy.findReservations({ volumeId }, stage), [attached]);
  await report.step('begin detaching', () => legacy.beginDetaching(volumeId, stage));
  report.equal('Cinder says detaching', await status(), 'detaching');
  await report.step('roll detaching', () => legacy.rollDetaching(volumeId, stage));
  report.equal('Cinder says in-use again', await status(), 'in-use');
  // Keeps the data of the connection, like the record of a volume.
  let kept = attached;
  const onRemoved = () => {
    kept = { ...kept, connection: 'removed' };
  };
  await report.step('release', () => legacy.release(kept, connector, stage, onRemoved));
  await report.step('release again, which changes nothing', () => legacy.release(kept, connector, stage, onRemoved));

  report.equal('everything is as before', await stage.snapshot(stage), before);
  await report.step('the volumes are deleted', () => deleteVolumes(stage, volumes));
}
