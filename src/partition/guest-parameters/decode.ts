import { lunSchema, wwpnSchema } from '../../base/index.ts';
import { ADDRESS, FIELDS, GATEWAY, GROUPS, ITEMS, NAME_SERVER, NICS_KEY, PATHS_KEY } from './form.ts';
import type { GuestAddresses, GuestNic, GuestPath } from './form.ts';

const deviceNumberPattern = /^[0-9a-f]{4}$/;
/** A WWPN of zeros names no port. */
const wwpnPattern = /^(?!0{16})[0-9a-f]{16}$/;
const shortLunPattern = /^(?:[0-9a-f]{4}){1,4}$/;
const portPattern = /^[01]$/;
const macPattern = /^[0-9a-f]{12}$/;

/** What a guest reads from its parameters. */
export interface DecodedParameters {
  readonly paths: readonly GuestPath[];
  readonly nics: readonly GuestNic[];
  /** Groups that were not understood, unchanged. */
  readonly ignored: readonly string[];
}

/**
 * Reads a parameter text as the guest tools do: ignores words with other keys, additional fields of a newer writer, and
 * groups that it does not understand. Merges repeated words, and removes duplicate paths.
 */
export function decodeGuestParameters(text: string): DecodedParameters {
  const paths = new Map<string, GuestPath>();
  const nics = new Map<string, GuestNic>();
  const ignored: string[] = [];
  const words = text.split(/[ \t\n]+/); // as the shell of the guest tools splits it
  for (const group of groupsOf(words, PATHS_KEY)) {
    const found = readPaths(group);
    if (found === undefined) ignored.push(group);
    for (const path of found ?? []) paths.set(Object.values(path).join(FIELDS), path);
  }
  for (const group of groupsOf(words, NICS_KEY)) {
    const nic = readNic(group);
    if (nic === undefined) ignored.push(group);
    else nics.set(nic.deviceNumber, nic);
  }
  return { paths: [...paths.values()], nics: [...nics.values()], ignored };
}

function groupsOf(words: readonly string[], key: string): readonly string[] {
  const ours = words.filter((word) => word.startsWith(key));
  return ours.flatMap((word) => word.slice(key.length).split(GROUPS)).filter((group) => group !== '');
}

function readPaths(group: string): readonly GuestPath[] | undefined {
  const [devices, targets, luns] = group.split(FIELDS).map((field) => field.split(ITEMS));
  const isGood =
    (devices?.every((item) => deviceNumberPattern.test(item)) ?? false) &&
    (targets?.every((item) => wwpnPattern.test(item)) ?? false) &&
    (luns?.every((item) => shortLunPattern.test(item)) ?? false);
  if (!isGood || devices === undefined || targets === undefined || luns === undefined) return undefined;
  return devices.flatMap((deviceNumber) =>
    targets.flatMap((target) =>
      luns.map((lun): GuestPath => {
        const lunDigits = lun.padEnd(16, '0');
        return { deviceNumber, targetWwpn: wwpnSchema.parse(target), lun: lunSchema.parse(lunDigits) };
      }),
    ),
  );
}

function readNic(group: string): GuestNic | undefined {
  const [deviceNumber = '', port = '0', mac = '', addressText = ''] = group.split(FIELDS);
  if (!deviceNumberPattern.test(deviceNumber) || !portPattern.test(port)) return undefined;
  if (mac !== '' && !macPattern.test(mac)) return undefined;
  const addresses = addressText === '' ? undefined : readAddresses(addressText);
  return {
    deviceNumber,
    port: port === '1' ? 1 : 0,
    ...(mac === '' ? {} : { mac }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

const addressPattern = /^(?:(a)([0-9a-f]{8}|[0-9a-f]{32})\.([0-9]{1,3})|([gn])([0-9a-f]{8}|[0-9a-f]{32}))$/;

/** Ignores items of other kinds. */
function readAddresses(text: string): GuestAddresses | undefined {
  const items = text.split(ITEMS).flatMap((item) => {
    const [, , fixed, prefix, , other] = addressPattern.exec(item) ?? [];
    const hex = fixed ?? other;
    return hex === undefined ? [] : [{ kind: item[0], ip: ipOfHex(hex), prefix }];
  });
  const ofKind = (wanted: string) => items.filter(({ kind }) => kind === wanted);
  const addresses = ofKind(ADDRESS).flatMap(({ ip, prefix }) => (prefix === undefined ? [] : [`${ip}/${prefix}`]));
  const ips = (wanted: string) => ofKind(wanted).map(({ ip }) => ip);
  return addresses.length === 0 ? undefined : { addresses, gateways: ips(GATEWAY), dns: ips(NAME_SERVER) };
}

function ipOfHex(hex: string): string {
  if (hex.length === 8) return [...Buffer.from(hex, 'hex')].join('.');
  const groups = hex.match(/.{4}/g)?.join(':') ?? '';
  return new URL(`http://[${groups}]`).hostname.slice(1, -1); // in the canonical form
}
