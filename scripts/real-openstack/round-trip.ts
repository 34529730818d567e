import type { ComputeManager, ServerDetail } from '../../src/compute/index.ts';
import type { ArrayQuirks } from './real-array.ts';
import { createVolumes, deleteVolumes } from './scratch-volumes.ts';
import type { ScratchVolumes } from './scratch-volumes.ts';
import { describeVariant } from './stage.ts';
import type { Stage, Variant } from './stage.ts';

/**
 * Spawns, attaches, detaches and deletes; checks that everything is as before.
 *
 * @param manners - unusual forms of WWNs and LUNs that the array returns
 */
export async function roundTrip(stage: Stage, variant: Variant, manners: ArrayQuirks = {}): Promise<void> {
  const { report } = stage;
  const spelling = Object.entries(manners).map(([manner, value]) => `, ${manner} ${String(value)}`);
  report.heading(`Spawn, attach, detach, delete: ${describeVariant(variant)}${spelling.join('')}`);
  stage.array.misbehave(manners);
  const bare = await stage.snapshot(stage);
  const volumes = await report.step('two volumes are made, one of them bootable', () => createVolumes(stage));
  const before = await stage.snapshot(stage);
  {
    await using manager = await report.step('the manager opens', () => stage.open(variant));
    await live(stage, variant, manager, volumes);
  }
  if (variant.flow === 'legacy') checkLegacy(stage);
  const after = await stage.snapshot(stage);
  report.equal('masks, exports and violations of the array are as before', after.array, before.array);
  report.equal('volumes and attachments in Cinder are as before', after.cinder, before.cinder);
  report.equal('the HMC is as before', after.hmc, before.hmc);
  report.equal('no session or job is left on the HMC', [stage.hmc.sessionCount, stage.hmc.jobCount], [0, 0]);
  stage.array.behave();
  await report.step('the volumes are deleted', () => deleteVolumes(stage, volumes));
  report.equal('everything is as before the volumes were made', await stage.snapshot(stage), bare);
}

async function live(stage: Stage, variant: Variant, manager: ComputeManager, volumes: ScratchVolumes): Promise<void> {
  const { report, signal } = stage;
  const context = { requestId: 'req-5f3d0c9a-1b2e-4d7f-8a6b-9c0d1e2f3a4b', signal };
  const { boot, data } = volumes;
  const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: boot.id }] };
  const spawned = await report.step('spawn', () => manager.create(request, context), describeServer);
  checkSpawned(stage, spawned, boot.id);
  await checkInUse(stage, variant, spawned, boot.id);

  const attached = await report.step('attach', () => manager.addVolume('web1', data.id, {}, context), describePaths);
  checkMasked(stage, attached, data.id);
  await checkInUse(stage, variant, attached, data.id);
  checkPaths(stage, attached, data.id);

  const detached = await report.step('detach', () => manager.removeVolume('web1', data.id, context));
  report.equal('the server has its boot volume alone', idsOf(detached), [boot.id]);
  report.equal('the array presents the data volume to nobody', stage.array.masksOf(data.id), []);
  report.equal('Cinder says available', await statusOf(stage, data.id), 'available');
  checkMasked(stage, detached, boot.id);

  await report.step('delete', () => manager.delete('web1', context));
  report.equal('the manager has no servers', await manager.list(context), []);
}

/** Checks which API was used: for the legacy API, all volume actions and no attachment request. */
function checkLegacy({ report, oldCinder }: Stage): void {
  const calls = [...oldCinder.calls];
  const flow = ['os-reserve', 'os-initialize_connection', 'os-attach', 'os-terminate_connection', 'os-detach'];
  report.equal(
    'all of the legacy flow was called',
    flow.filter((action) => calls.includes(action)),
    flow,
  );
  const attachments = calls.filter((call) => call.endsWith(' attachments'));
  report.equal('nothing of the attachments API was', attachments, []);
}

function describeServer({ status, partition, partition_status: state, boot }: ServerDetail): string {
  const path = `initiator ${boot?.initiator_wwpn ?? '-'} target ${boot?.target_wwpn ?? '-'} LUN ${boot?.lun ?? '-'}`;
  return `server ${status}, partition ${partition} ${state ?? '-'}\nboot by ${boot?.device ?? '-'}: ${path}`;
}

function describePaths({ volumes }: ServerDetail): string {
  const paths = volumes.at(-1)?.paths ?? [];
  return paths.map((path) => `path ${path.initiator_wwpn} → ${path.target_wwpn} LUN ${path.lun}`).join('\n');
}

/** Checks that the server is active, and that its load found the LUN that the real array masks. */
function checkSpawned(stage: Stage, server: ServerDetail, bootId: string): void {
  const { report, san } = stage;
  report.equal('the server is active', [server.status, server.partition_status], ['ACTIVE', 'active']);
  const load = san.probes.at(-1);
  const found = load?.found.ok === true ? load.found.volumeId : load?.found.reason;
  report.equal('the load that ended well found the boot volume on the array', found, bootId);
  const { initiator_wwpn: initiator, target_wwpn: target, lun } = server.boot ?? {};
  report.equal(
    'and it is the path that the partition boots by',
    [load?.initiator, load?.target, load?.lun],
    [initiator, target, lun],
  );
  checkMasked(stage, server, bootId);
}

/** Checks that the array has one mask, for the ports of the partition only, under the host name of the connector. */
function checkMasked({ report, array }: Stage, server: ServerDetail, volumeId: string): void {
  const masks = array.masksOf(volumeId);
  const shown = masks.map(({ host, initiators }) => ({ host, initiators: initiators.toSorted() }));
  const { host = '', wwpns = [] } = server.connector ?? {};
  report.equal(`the array presents ${volumeId} to the two ports of the partition`, shown, [
    { host, initiators: wwpns.toSorted() },
  ]);
  report.check('which are two', wwpns.length === 2, wwpns.join(' '));
}

async function statusOf({ cinder, signal }: Stage, volumeId: string): Promise<string> {
  return (await cinder.getVolume(volumeId, { signal })).status;
}

/** Checks that Cinder has one attachment, which names the instance only if there is a service user. */
async function checkInUse(stage: Stage, variant: Variant, server: ServerDetail, volumeId: string): Promise<void> {
  const { volumes, attachments } = (await stage.snapshot(stage)).cinder;
  const { report } = stage;
  report.equal('Cinder says in-use', volumes.find(({ id }) => id === volumeId)?.status, 'in-use');
  const own = attachments.filter((attachment) => attachment.volume_id === volumeId);
  const shown = own.map(({ id, status, instance }) => ({ id, status, instance }));
  const id = server.volumes.find((volume) => volume.volume_id === volumeId)?.attachment_id;
  const expected = { id, status: 'attached', instance: variant.service ? server.id : null };
  const whose = variant.service ? 'with the instance in it' : 'without an instance';
  report.equal(`and it is one attachment, ${whose}`, shown, [expected]);
}

/** Checks that each initiator has a path to a target in its own fabric with the LUN. */
function checkPaths({ report, san }: Stage, server: ServerDetail, volumeId: string): void {
  const wwpns = server.connector?.wwpns ?? [];
  const paths = server.volumes.find((volume) => volume.volume_id === volumeId)?.paths ?? [];
  const reached = wwpns.filter((wwpn) =>
    paths.some((path) => path.initiator_wwpn === wwpn && san.leadsTo(path, volumeId)),
  );
  report.equal('each port has a path to the data volume', reached, wwpns);
}

function idsOf({ volumes }: ServerDetail): string[] {
  return volumes.map((volume) => volume.volume_id);
}
