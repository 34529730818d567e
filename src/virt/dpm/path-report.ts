import { describeError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { withoutParked, portOfUri, runningStatuses } from '../../partition/index.ts';
import type { Initiator, KnownPath, PartitionOwner, PartitionRef, VolumePath } from '../../partition/index.ts';
import { evidenceOf } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import { betweenFabrics, isBetweenFabrics } from '../../volume/index.ts';
import type { PathRecord, PathState, PortPair, VolumeInstance } from '../../volume/index.ts';
import type { DpmRuntime } from './runtime.ts';

/** The partition whose paths are reported. */
interface Subject {
  readonly owner: PartitionOwner;
  readonly partition: PartitionRef & { readonly status: string };
  /** The name of its instance; null for a partition of another owner. */
  readonly server: string | null;
  readonly mapped: readonly MappedVolume[];
  /** The ports that volumes are mapped to. */
  readonly initiators: readonly Initiator[];
}

interface PortFacts {
  readonly isUp: boolean;
  readonly status: string;
  readonly fabric: string | null;
}

type Path = Omit<KnownPath, 'volumeId'> & { readonly volumeId: string | null; readonly isPlanned: boolean };
type Verdict = Awaited<ReturnType<DpmRuntime['storage']['inspection']['examine']>>[number];

/** Lists the paths of an instance's volumes; none when the instance has no partition. Changes nothing. */
export async function reportInstancePaths(
  runtime: DpmRuntime,
  { owner, ...subject }: Pick<Subject, 'owner' | 'server' | 'mapped'>,
  w: Waiting,
): Promise<readonly PathRecord[]> {
  const { storage, partitions } = runtime;
  const found = withoutParked(await partitions.look(owner, evidenceOf(subject.mapped), w));
  const partition = found.kind === 'ours' ? found.partition : found.kind === 'in-doubt' ? found.recorded : null;
  if (partition === null) return [];
  const initiators = await storage.initiators(owner, { uri: partition.uri, name: partition.name }, w);
  return await reportPaths(runtime, { owner, partition, initiators, ...subject }, w);
}

/** Lists every path of a partition's volumes: those that Cinder mapped, and others that the machine knows. Changes nothing. */
export async function reportPaths(runtime: DpmRuntime, subject: Subject, w: Waiting): Promise<readonly PathRecord[]> {
  const { storage } = runtime;
  const { owner, partition: found, server, mapped, initiators } = subject;
  const target = { ...owner, partition: found, initiators };
  const planned = await Promise.all(
    mapped.map(async (volume): Promise<readonly Path[]> => {
      const { volumeId } = volume;
      return (await volumePaths(runtime, target, volume, w)).map((path) => ({ ...path, volumeId, isPlanned: true }));
    }),
  );
  const ofMachine = await storage.inspection.listPaths(owner, found, initiators, w);
  // Other volumes in a partition of another owner are not reported.
  const isTold = ({ volumeId }: KnownPath) => server !== null || mapped.some((volume) => volume.volumeId === volumeId);
  const known = ofMachine.filter(isTold);
  const paths = merge(planned.flat(), known);
  const verdicts = await storage.inspection.examine(paths, initiators, w);
  const ports = await readPorts(runtime, initiators, verdicts, w);
  const seen = paths.filter((_path, index) => hasTarget.includes(verdicts[index]?.verdict));
  return paths.map((path, index) => {
    const verdict = verdicts[index] ?? { adapterPortUri: null, verdict: 'untried' };
    const port = ports.get(verdict.adapterPortUri ?? '');
    const [state, detail] = judge(path, verdict, port, found.status, seen);
    return {
      connector: found.name,
      kind: 'partition',
      server,
      volume_id: path.volumeId,
      volume_name: null, // the compute manager knows it
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

/** Returns the paths of a mapped volume from its volume driver; if the driver fails, warns and returns none. */
export async function volumePaths(
  { volumeDrivers, log }: DpmRuntime,
  instance: VolumeInstance,
  volume: MappedVolume,
  w: Waiting,
): Promise<readonly VolumePath[]> {
  try {
    const driver = volumeDrivers.get(volume.connectionInfo.driver_volume_type);
    return await driver.getVolumePaths(volume.connectionInfo, instance, { ...volume, signal: w.signal });
  } catch (error) {
    log.warn({ event: 'volume.paths', volumeId: volume.volumeId, error: String(error) }, 'cannot determine the paths');
    return [];
  }
}

/** Adds the paths that only the machine knows. */
function merge(planned: readonly Path[], known: readonly KnownPath[]): readonly Path[] {
  const keys = new Set(planned.map(keyOf));
  return [...planned, ...known.filter((path) => !keys.has(keyOf(path))).map((path) => ({ ...path, isPlanned: false }))];
}

function keyOf({ initiatorWwpn, targetWwpn, lun }: Pick<Path, 'initiatorWwpn' | 'targetWwpn' | 'lun'>): string {
  return `${initiatorWwpn} ${targetWwpn} ${lun}`;
}

/** Reads the adapter status and fabric of each port. Logs a port that cannot be read. */
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
      log.warn({ event: 'paths.port', uri, error: describeError(error) }, 'cannot read the adapter port');
    }
  }
  return facts;
}

/** Verdicts of paths on which the target answers. */
const hasTarget: readonly (Verdict['verdict'] | undefined)[] = ['reachable', 'lun-unreachable'];

/** Returns the first obstacle on the path, from the initiator outwards. A pure function. */
function judge(
  path: Path,
  { verdict }: Verdict,
  port: PortFacts | undefined,
  partitionStatus: string,
  seen: readonly PortPair[],
): readonly [PathState, string] {
  const others = path.isPlanned ? '' : '; Cinder has not mapped it for this partition';
  if (port !== undefined && !port.isUp) return ['adapter-down', `${port.status}${others}`];
  if (verdict === 'target-unreachable') {
    const why = isBetweenFabrics(path, seen) ? `: ${betweenFabrics}` : '';
    return ['target-unreachable', `reported by the HMC (484)${why}${others}`];
  }
  if (verdict === 'lun-unreachable') return ['lun-unreachable', `reported by the HMC (485)${others}`];
  if (!runningStatuses.has(partitionStatus)) {
    const reach = verdict === 'reachable' ? 'the LUN answers the HMC, ' : '';
    return ['idle', `${reach}the partition is ${partitionStatus}${others}`];
  }
  if (verdict === 'reachable') return ['active', `the LUN answers the HMC${others}`];
  return ['configured', `not tested: this HMC level cannot test paths, or the HMC user lacks the permission${others}`];
}
