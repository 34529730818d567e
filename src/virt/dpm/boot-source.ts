import { ConfigError, ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, UpdatePartition } from '../../hmc-client/index.ts';
import type { PartitionRef, StorageWaiting } from '../../partition/index.ts';
import type { BootSource } from '../../spawn/index.ts';
import type { BootFrom, RequestContext } from '../driver-types.ts';
import type { ExtraSpecs } from './extra-specs.ts';
import { openIsoImage } from './iso-image.ts';
import { mount } from './iso-mount.ts';
import type { MountTools } from './iso-mount.ts';

/** A source other than a volume. */
export type OtherSource = Exclude<BootFrom, { readonly source: 'volume' }>;

/**
 * Returns the boot source in the extra specs of an instance; undefined for a volume, which is the default.
 *
 * @throws ConfigError for a missing property, or one of another source
 */
export function bootFromOf(read: ExtraSpecs, context?: Pick<RequestContext, 'bootPassword'>): OtherSource | undefined {
  const { boot_from: source = 'volume' } = read;
  requireOnly(read, source);
  switch (source) {
    case 'volume':
      return undefined;
    case 'iso':
      return { source, image: required(read, source, 'boot_iso'), insFile: read.boot_iso_ins };
    case 'network':
      return { source };
    default:
      return {
        source,
        host: required(read, source, 'boot_ftp_host'),
        username: required(read, source, 'boot_ftp_username'),
        insFile: required(read, source, 'boot_ftp_insfile'),
        password: context?.bootPassword,
      };
  }
}

const ofFtp = ['boot_ftp_host', 'boot_ftp_username', 'boot_ftp_insfile'] as const;
const ofSource = {
  volume: [],
  iso: ['boot_iso', 'boot_iso_ins'],
  network: [],
  ftp: ofFtp,
  ftps: ofFtp,
  sftp: ofFtp,
} as const satisfies Record<BootFrom['source'], readonly (keyof ExtraSpecs)[]>;

function requireOnly(read: ExtraSpecs, source: BootFrom['source']): void {
  const own: readonly string[] = ofSource[source];
  const other = Object.values(ofSource)
    .flat()
    .find((name) => read[name] !== undefined && !own.includes(name));
  if (other === undefined) return;
  const fitting = Object.entries(ofSource).flatMap(([each, names]) =>
    names.some((name) => name === other) ? [each] : [],
  );
  throw new ConfigError(
    `property "dpm:${other}" needs "dpm:boot_from" to be ${fitting.join(' or ')}, not "${source}"`,
    { option: `dpm:${other}` },
  );
}

function required(read: ExtraSpecs, source: string, name: (typeof ofFtp)[number] | 'boot_iso'): string {
  const value = read[name];
  if (value !== undefined) return value;
  throw new ConfigError(`property "dpm:boot_from" is "${source}" and needs "dpm:${name}"`, { option: `dpm:${name}` });
}

/** Checks what can be checked without the partition. Changes nothing. @throws ConfigError */
export async function checkBootFrom(from: BootFrom | undefined): Promise<void> {
  if (from?.source === 'iso' && from.image !== undefined) await openIsoImage(from.image, from.insFile);
  const isFtp = from?.source === 'ftp' || from?.source === 'ftps' || from?.source === 'sftp';
  if (isFtp && from.host !== undefined && from.password === undefined) {
    throw new ConfigError(`boot from ${from.source}: the password of user "${from.username ?? ''}" is missing`, {
      option: '--ftp-password-file',
    });
  }
}

/** Returns the boot source for a spawn. */
export function bootSourceFrom(hmc: HmcSession, from: OtherSource): BootSource {
  return {
    prepare: async (partition, w) => {
      const { reason, properties } = await prepareSource({ hmc }, partition, from, w);
      const likelyFailure = `the partition cannot load the ${reason}, or it is not made for this machine`;
      return { volumeId: null, path: null, reason, hint: undefined, likelyFailure, properties };
    },
  };
}

/**
 * Makes a source available to a partition: mounts an ISO image, or finds the NIC for a boot from the network. Idempotent.
 *
 * @returns the boot properties for the source
 * @throws ConfigError for an image that cannot be used, ConflictError when the partition lacks something
 */
export async function prepareSource(
  tools: MountTools,
  partition: PartitionRef,
  from: OtherSource,
  w: StorageWaiting,
): Promise<{ readonly reason: string; readonly properties: UpdatePartition }> {
  const { hmc } = tools;
  switch (from.source) {
    case 'iso':
      return { reason: await mount(tools, partition, from, w), properties: { bootDevice: 'iso-image' } };
    case 'network': {
      const properties = {
        bootDevice: 'network-adapter',
        bootNetworkDevice: await findNic(hmc, partition, w),
      } as const;
      return { reason: 'boot server on the network', properties };
    }
    default:
      return await prepareFtp(hmc, partition, from, w);
  }
}

/** @throws ConflictError when the partition has no NIC */
async function findNic(hmc: HmcSession, partition: PartitionRef, w: Waiting): Promise<string> {
  const { nicUris } = await hmc.partitions.get(partition.uri, w, ['nic-uris']);
  const [nic] = nicUris;
  if (nic !== undefined) return nic;
  throw new ConflictError(`partition "${partition.name}" has no NIC: it cannot boot from the network`, {
    partition: partition.name,
  });
}

async function prepareFtp(
  hmc: HmcSession,
  partition: PartitionRef,
  from: Extract<BootFrom, { readonly source: 'ftp' | 'ftps' | 'sftp' }>,
  w: Waiting,
): Promise<{ readonly reason: string; readonly properties: UpdatePartition }> {
  const { source, password } = from;
  const known = await hmc.partitions.get(partition.uri, w, ['boot-ftp-host', 'boot-ftp-username', 'boot-ftp-insfile']);
  const host = from.host ?? known.bootFtpHost ?? '';
  const username = from.username ?? known.bootFtpUsername ?? '';
  const insFile = from.insFile ?? known.bootFtpInsfile ?? '';
  const missing = Object.entries({ '--ftp-host': host, '--ftp-username': username, '--ftp-insfile': insFile });
  const [lacking] = missing.find(([, value]) => value === '') ?? [];
  if (lacking !== undefined) {
    throw new ConflictError(`partition "${partition.name}" has no ${source} server: give ${lacking}`, {
      partition: partition.name,
    });
  }
  const properties = {
    bootDevice: source,
    bootFtpHost: host,
    bootFtpUsername: username,
    bootFtpInsfile: insFile,
    ...(password === undefined ? {} : { bootFtpPassword: password.reveal() }),
  } as const;
  return { reason: `${insFile} from ${source} server ${host}`, properties };
}
