import { silentLogger } from '../../src/base/index.ts';
import { LegacyConnections } from '../../src/cinder-client/legacy-connections.ts';
import { createVolumes, deleteVolumes } from './scratch-volumes.ts';
import type { Stage } from './stage.ts';

/**
 * The calls of the legacy flow one by one, at the newest microversion: they are in every v3, and what a server before
 * an upgrade has attached with them is released after it. No driver and no HMC take part; the ports are made up.
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
  // As records of volumes do, it keeps what it is told of the connection.
  let kept = attached;
  const onRemoved = () => {
    kept = { ...kept, connection: 'removed' };
  };
  await report.step('release', () => legacy.release(kept, connector, stage, onRemoved));
  await report.step('release again, which changes nothing', () => legacy.release(kept, connector, stage, onRemoved));

  report.equal('everything is as before', await stage.snapshot(stage), before);
  await report.step('the volumes are deleted', () => deleteVolumes(stage, volumes));
}
