import { ConflictError, neverAborted } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { changeNics, withoutOurWords } from '../../partition/guest-parameters/index.ts';
import type { GuestNic } from '../../partition/guest-parameters/index.ts';
import type { NicInGuest, NicPort, NicRequest, PartitionRef } from '../../partition/index.ts';
import { actsOf, beforeChanges, undoPartialWork } from '../../spawn/index.ts';
import type { SpawnTools, VerbCall } from '../../spawn/index.ts';

/** The acts of attaching and detaching interfaces, as users and tests see them. */
export const attachInterfaceActs = ['find-networks', 'create-nics', 'set-guest-parameters', 'roll-back-nics'] as const;
export const detachInterfaceActs = ['delete-nics', 'set-guest-parameters'] as const;

/**
 * Creates the NICs that a partition lacks, and tells the guest of them in the boot parameters. A running guest sees the devices
 * at once, and the boot parameters after its next stop and start. If it fails, it deletes these NICs, and leaves the NICs
 * that the partition had before.
 *
 * @throws NothingChangedError when a NIC cannot be created
 */
export async function attachInterfaces(
  partition: PartitionRef,
  requests: readonly NicRequest[],
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  if (requests.length === 0) return;
  const act = actsOf<(typeof attachInterfaceActs)[number]>('attach-interface', call, tools.watchers);
  const plan = await beforeChanges(call, () =>
    act('find-networks', async () => {
      const text = await parametersOf(partition, tools, call);
      return await tools.network.plan(requests, withoutOurWords(text), call, partition);
    }),
  );
  let created: readonly NicPort[] = []; // the ports whose NICs the partition did not have before
  const onPresent = (present: ReadonlySet<string>) => {
    created = requests.filter(({ portId }) => !present.has(portId));
  };
  try {
    const nics = await act('create-nics', () => tools.network.create(partition, plan, false, call, onPresent));
    await act('set-guest-parameters', () => renewNics(partition, (known) => merged(known, nics), tools, call));
  } catch (error) {
    const undo = actsOf<(typeof attachInterfaceActs)[number]>(
      'attach-interface',
      { ...call, signal: neverAborted() },
      tools.watchers,
    );
    await undoPartialWork(error, tools, call, (w) =>
      undo('roll-back-nics', () => tools.network.remove(partition, created, 'keep', w)),
    );
    throw error;
  }
}

/** Deletes the NICs of these network ports, and removes them from the boot parameters. */
export async function detachInterfaces(
  partition: PartitionRef,
  ports: readonly NicPort[],
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  if (ports.length === 0) return;
  const act = actsOf<(typeof detachInterfaceActs)[number]>('detach-interface', call, tools.watchers);
  const present = await act('delete-nics', () => tools.network.remove(partition, ports, 'keep', call));
  const isThere = ({ deviceNumber }: GuestNic) => present.includes(deviceNumber);
  await act('set-guest-parameters', () => renewNics(partition, (known) => known.filter(isThere), tools, call));
}

function merged(known: readonly GuestNic[], nics: readonly NicInGuest[]): readonly GuestNic[] {
  const isNew = ({ deviceNumber }: GuestNic) => nics.some((nic) => nic.deviceNumber === deviceNumber);
  return [...known.filter((nic) => !isNew(nic)), ...nics];
}

async function parametersOf(partition: PartitionRef, { hmc }: SpawnTools, w: Waiting): Promise<string> {
  const found = await hmc.partitions.get(partition.uri, w, ['boot-os-specific-parameters']);
  return found.bootOsSpecificParameters ?? '';
}

export function noRoomForNics({ name }: PartitionRef, deviceNumbers: readonly string[]): ConflictError {
  const text = `the boot parameters of partition "${name}" have no room for NIC ${deviceNumbers.join(', ')}`;
  return new ConflictError(text, { partition: name, deviceNumbers });
}

/** @throws ConflictError when the boot parameters have no room for the NICs */
async function renewNics(
  partition: PartitionRef,
  change: (nics: readonly GuestNic[]) => readonly GuestNic[],
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const before = await parametersOf(partition, tools, call);
  const { text, omittedNics } = changeNics(before, change);
  if (omittedNics.length > 0) throw noRoomForNics(partition, omittedNics);
  if (text !== before) await tools.hmc.partitions.update(partition.uri, { bootOsSpecificParameters: text }, call);
}
