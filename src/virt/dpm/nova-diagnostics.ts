import { NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { noEvidence, powerStateOf, withoutParked } from '../../partition/index.ts';
import type { PartitionOwner } from '../../partition/index.ts';
import type { Diagnostics, Instance, InterfaceTraffic } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';
import { readPartitionUsage } from './usage.ts';

/**
 * Returns what the HMC measures of an instance, in the form of Nova's Diagnostics object.
 *
 * @throws NotFoundError when the instance has no partition
 */
export async function diagnose(
  runtime: DpmRuntime,
  owner: PartitionOwner,
  instance: Instance,
  w: Waiting,
): Promise<Diagnostics> {
  const { hmc, cpc, partitions } = runtime;
  const found = withoutParked(await partitions.look(owner, noEvidence, w));
  const partition = found.kind === 'ours' ? found.partition : found.kind === 'in-doubt' ? found.recorded : null;
  if (partition === null)
    throw new NotFoundError(`instance ${instance.name} has no partition`, { instance: instance.uuid });
  const { uri } = partition;
  const [read, usage] = await Promise.all([
    hmc.partitions.get(uri, w, ['status', 'ifl-processors', 'initial-memory', 'maximum-memory']),
    readPartitionUsage(runtime, [uri], w),
  ]);
  const { processorPercent = null, interfaces = [] } = usage.get(uri) ?? {};
  const processors = read.iflProcessors;
  const nicDetails = interfaces.map(nicOf);
  return {
    state: powerStateOf(read.status),
    driver: 'dpm',
    hypervisor: 'PRSM',
    hypervisorOs: `DPM ${cpc.seVersion}`,
    uptime: null,
    configDrive: false,
    memoryDetails: { maximum: read.maximumMemory, used: read.initialMemory },
    cpuDetails: Array.from({ length: processors }, (_, id) => ({ id, time: null, utilisation: processorPercent })),
    nicDetails,
    diskDetails: [],
    numCpus: processors,
    numNics: nicDetails.length,
    numDisks: 0,
  };
}

/** Returns the same as one flat dictionary, as Nova's older API shows it. */
export function flatDiagnostics(of: Diagnostics): Readonly<Record<string, number | string | null>> {
  return {
    state: of.state,
    memory: of.memoryDetails.maximum,
    'memory-used': of.memoryDetails.used,
    ...Object.fromEntries(of.cpuDetails.map(({ id, utilisation }) => [`cpu${id}_utilisation`, utilisation])),
    ...Object.fromEntries(
      of.nicDetails.flatMap((nic, index) => [
        [`nic${index}_rx`, nic.rxOctets],
        [`nic${index}_rx_drop`, nic.rxDrop],
        [`nic${index}_rx_errors`, nic.rxErrors],
        [`nic${index}_rx_packets`, nic.rxPackets],
        [`nic${index}_tx`, nic.txOctets],
        [`nic${index}_tx_drop`, nic.txDrop],
        [`nic${index}_tx_errors`, nic.txErrors],
        [`nic${index}_tx_packets`, nic.txPackets],
      ]),
    ),
  };
}

/** Nova counts malformed packets as errors. Rates are bytes per second. */
function nicOf(traffic: InterfaceTraffic): Diagnostics['nicDetails'][number] {
  return {
    macAddress: null,
    rxOctets: traffic.bytesReceived,
    rxErrors: traffic.packetsReceivedDiscarded,
    rxDrop: traffic.packetsReceivedDropped,
    rxPackets: traffic.packetsReceived,
    rxRate: traffic.bytesPerSecondReceived,
    txOctets: traffic.bytesSent,
    txErrors: traffic.packetsSentDiscarded,
    txDrop: traffic.packetsSentDropped,
    txPackets: traffic.packetsSent,
    txRate: traffic.bytesPerSecondSent,
  };
}
