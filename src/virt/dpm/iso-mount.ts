import { ConflictError, describeError, neverAborted, waitUntil } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { mayHaveEffect } from '../../hmc-client/index.ts';
import type { HmcSession, IsoImage } from '../../hmc-client/index.ts';
import type { PartitionRef, StorageWaiting } from '../../partition/index.ts';
import type { BootFrom } from '../driver-types.ts';
import { openIsoImage, withProgress } from './iso-image.ts';
import type { DpmRuntime } from './runtime.ts';

/** What a mount needs. Without a lag, a mount without an answer is left to the caller, who deletes the partition. */
export type MountTools = Pick<DpmRuntime, 'hmc'> & Partial<Pick<DpmRuntime, 'imageLagMs' | 'log'>>;

const POLL_MS = { minDelayMs: 20, maxDelayMs: 1_000 };

/**
 * Mounts an ISO image; without a file, requires that one is mounted.
 *
 * @returns the image, in words
 * @throws ConfigError for an image that cannot be used, ConflictError when no image is mounted
 */
export async function mount(
  tools: MountTools,
  partition: PartitionRef,
  { image, insFile }: Extract<BootFrom, { readonly source: 'iso' }>,
  w: StorageWaiting,
): Promise<string> {
  if (image !== undefined) {
    const iso = await openIsoImage(image, insFile);
    await upload(tools, partition, iso, w);
    return `ISO image "${iso.name}" (${iso.insFile})`;
  }
  const mounted = await mountedImage(tools.hmc, partition, w);
  if (mounted !== undefined) return `ISO image "${mounted}"`;
  throw new ConflictError(`partition "${partition.name}" has no mounted ISO image: name the image with --iso`, {
    partition: partition.name,
  });
}

async function upload(tools: MountTools, partition: PartitionRef, iso: IsoImage, w: StorageWaiting): Promise<void> {
  const { hmc, imageLagMs } = tools;
  // An HMC cannot use a part of an image, so an upload that was cut off has no late effect.
  const sent = { isWhole: false };
  const watched = {
    ...iso,
    open: () => {
      const content = iso.open();
      content.once('end', () => (sent.isWhole = true));
      return content;
    },
  };
  try {
    await hmc.partitions.mountIso(partition.uri, withProgress(watched, w.progress), { signal: w.signal });
  } catch (error) {
    const isInDoubt = sent.isWhole && (w.signal.aborted || mayHaveEffect(error));
    if (isInDoubt && imageLagMs !== undefined) await withdraw({ ...tools, imageLagMs }, partition, iso.name);
    throw error;
  }
}

/**
 * Unmounts an image whose mount had no answer: the HMC may still mount it. Waits until the image appears, but not longer than
 * the lag. An image that was mounted before stays.
 */
async function withdraw(
  { hmc, log, imageLagMs: timeoutMs }: MountTools & { readonly imageLagMs: number },
  partition: PartitionRef,
  name: string,
): Promise<void> {
  try {
    const mounted = await waitUntil({
      ...POLL_MS,
      timeoutMs,
      signal: neverAborted(), // the caller may have been cancelled; its rollback comes afterwards
      poll: async (signal) => await mountedImage(hmc, partition, { signal }),
      accept: (seen) => (seen === name ? { kind: 'done', value: seen } : { kind: 'again' }),
      label: (seen) => seen ?? 'none',
      onTimeout: () => new Error('not mounted'),
    }).catch(() => undefined);
    const signal = AbortSignal.timeout(timeoutMs + POLL_MS.maxDelayMs);
    const isOther = mounted === undefined && (await mountedImage(hmc, partition, { signal })) !== undefined;
    if (!isOther) await hmc.partitions.unmountIso(partition.uri, { signal });
  } catch (error) {
    // The undo of the caller looks again.
    const facts = { event: 'iso.withdraw', partition: partition.name, image: name, error: describeError(error) };
    log?.warn(facts, 'the ISO image may still be mounted');
  }
}

/** Returns the name of the mounted image. */
export async function mountedImage(hmc: HmcSession, { uri }: PartitionRef, w: Waiting): Promise<string | undefined> {
  const { bootIsoImageName: name } = await hmc.partitions.get(uri, w, ['boot-iso-image-name']);
  return name === undefined || name === null || name === '' ? undefined : name;
}

/** Unmounts the ISO image, if there is one. */
export async function unmount(hmc: HmcSession, partition: PartitionRef, w: Waiting): Promise<void> {
  if ((await mountedImage(hmc, partition, w)) !== undefined) await hmc.partitions.unmountIso(partition.uri, w);
}
