import { describeError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { guestAmong, portOfUri, runningStatuses } from '../../partition/index.ts';
import type { Initiator, KnownPath, PartitionOwner, PartitionRef } from '../../partition/index.ts';
import { evidenceOf } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import type { PathRecord, PathState } from '../../volume/index.ts';
import type { DpmRuntime } from './runtime.ts';
import { volumePaths } from './volume-paths.ts';

/** The partition whose paths are told. */
interface Subject {
  readonly owner: PartitionOwner;
  readonly partition: PartitionRef & { readonly status: string };
  /** The instance that it realises; null for a partition that is somebody else's. */
  readonly server: string | null;
  readonly mapped: readonly MappedVolume[];
  /** The ports that volumes are mapped to; all of them unless told otherwise. */
  readonly initiators: readonly Initiator[];
}

interface PortFacts {
  readonly isUp: boolean;
  readonly status: string;
  readonly fabric: string | null;
}

type Path = Omit<KnownPath, 'volumeId'> & { readonly volumeId: string | null; readonly isPlanned: boolean };
type Verdict = Awaited<ReturnType<DpmRuntime['storage']['inspection']['examine']>>[number];

/** The paths of an instance's volumes. Changes nothing; none when the instance has no partition. */
export async function reportInstancePaths(
  runtime: DpmRuntime,
  { owner, ...subject }: Pick<Subject, 'owner' | 'server' | 'mapped'>,
  w: Waiting,
): Promise<readonly PathRecord[]> {
  const { storage, partitions } = runtime;
  const found = guestAmong(await partitions.look(owner, evidenceOf(subject.mapped), w));
  const partition = found.kind === 'ours' ? found.partition : found.kind === 'in-doubt' ? found.recorded : null;
  if (partition === null) return [];
  const initiators = await storage.initiators(owner, { uri: partition.uri, name: partition.name }, w);
  return await reportPaths(runtime, { owner, partition, initiators, ...subject }, w);
}

/**
 * Every path of a partition's volumes: those that follow from what Cinder mapped, and beside them those that the machine
 * knows and Cinder does not. Changes nothing.
 */
export async function reportPaths(runtime: DpmRuntime, subject: Subject, w: Waiting): Promise<readonly PathRecord[]> {
  const { storage } = runtime;
  const { owner, partition: found, server, mapped, initiators } = subject;
  const target = { ...owner, partition: found, initiators };
  const planned = await Promise.all(mapped.map(async (volume) => await plannedPaths(runtime, target, volume, w)));
  const ofMachine = await storage.inspection.known(owner, found, initiators, w);
  // What else is in somebody else's partition is nobody's business here.
  const isTold = ({ volumeId }: KnownPath) => server !== null || mapped.some((volume) => volume.volumeId === volumeId);
  const known = ofMachine.filter(isTold);
  const paths = merge(planned.flat(), known);
  const verdicts = await storage.inspection.examine(paths, initiators, w);
  const ports = await readPorts(runtime, initiators, verdicts, w);
  return paths.map((path, index) => {
    const verdict = verdicts[index] ?? { adapterPortUri: null, verdict: 'untried' };
    const port = ports.get(verdict.adapterPortUri ?? '');
    const [state, detail] = judge(path, verdict, port, found.status);
    return {
      connector: found.name,
      kind: 'partition',
      server,
      volume_id: path.volumeId,
      initiator_wwpn: path.initiatorWwpn,
      adapter_port: verdict.adapterPortUri === null ? null : portOfUri(verdict.adapterPortUri),
      fabric: port?.fabric ?? null,
      target_wwpn: path.targetWwpn,
      lun: path.lun,
      device_number: path.deviceNumber,
      device: null,
      map: null,
      state,
      detail,
    };
  });
}

async function plannedPaths(
  runtime: DpmRuntime,
  target: Parameters<typeof volumePaths>[1],
  volume: MappedVolume,
  w: Waiting,
): Promise<readonly Path[]> {
  const paths = await volumePaths(runtime, target, volume, w);
  return paths.map((path) => ({ ...path, volumeId: volume.volumeId, isPlanned: true }));
}

/** What the machine knows besides belongs to the picture: it may be what somebody is looking for. */
function merge(planned: readonly Path[], known: readonly KnownPath[]): readonly Path[] {
  const keys = new Set(planned.map(keyOf));
  return [...planned, ...known.filter((path) => !keys.has(keyOf(path))).map((path) => ({ ...path, isPlanned: false }))];
}

function keyOf({ initiatorWwpn, targetWwpn, lun }: Pick<Path, 'initiatorWwpn' | 'targetWwpn' | 'lun'>): string {
  return `${initiatorWwpn} ${targetWwpn} ${lun}`;
}

/** Status of the adapter and fabric of each port; a port that cannot be read is told as such. */
async function readPorts(
  { hmc, log }: DpmRuntime,
  initiators: readonly Initiator[],
  verdicts: readonly Verdict[],
  w: Waiting,
): Promise<ReadonlyMap<string, PortFacts>> {
  const uris = new Set([...initiators, ...verdicts].flatMap(({ adapterPortUri }) => adapterPortUri ?? []));
  const facts = new Map<string, PortFacts>();
  for (const uri of uris) {
    try {
      const adapter = await hmc.adapters.get(uri.replace(/\/storage-ports\/[^/]+$/, ''), w);
      const isUp = adapter.status === 'active';
      const status = `adapter "${adapter.name}" is ${adapter.status}`;
      const { fabricId } = await hmc.adapters.getStoragePort(uri, w);
      facts.set(uri, {
        isUp,
        status,
        fabric: fabricId === undefined || fabricId === '' ? null : fabricId.toLowerCase(),
      });
    } catch (error) {
      w.signal.throwIfAborted();
      log.warn({ event: 'paths.port', uri, error: describeError(error) }, 'adapter port cannot be read');
    }
  }
  return facts;
}

/** The first cause that keeps data from flowing, from the initiator outwards. A pure function. */
function judge(
  path: Path,
  { verdict }: Verdict,
  port: PortFacts | undefined,
  partitionStatus: string,
): readonly [PathState, string] {
  const others = path.isPlanned ? '' : '; Cinder has not mapped it for this partition';
  if (port !== undefined && !port.isUp) return ['adapter-down', `${port.status}${others}`];
  if (verdict === 'target-unreachable') return ['target-unreachable', `says the HMC (484)${others}`];
  if (verdict === 'lun-unreachable') return ['lun-unreachable', `says the HMC (485)${others}`];
  if (!runningStatuses.has(partitionStatus)) {
    const reach = verdict === 'reachable' ? 'the LUN answers the HMC, ' : '';
    return ['idle', `${reach}the partition is ${partitionStatus}${others}`];
  }
  if (verdict === 'reachable') return ['active', `the LUN answers the HMC${others}`];
  return ['configured', `this machine cannot try a path, or may not${others}`];
}
