import type { Lun, Wwpn } from '../../base/index.ts';

/*
 * The words that a partition's `boot-os-specific-parameters` carries for the guest tools. docs/decisions/0007.
 *
 *   dpm.z=<devnos>:<wwpns>:<luns>[:…][/<group>…]     FCP paths: every combination of the three lists, joined by "+"
 *   dpm.n=<devno>[:<port>[:<mac>[:<addresses>[:…]]]][/<nic>…]      NICs; the MAC may be empty before addresses
 *
 * Device numbers have 4 hex digits, WWPNs 16, MACs 12, LUNs 4, 8, 12 or 16 (zeros at the end left out). All lower case:
 * a kernel that finds no lower-case letter at all makes the whole text lower case, and one that finds any does not. A
 * newer writer may add fields at the end of a group, or words with other keys; a reader ignores both.
 */

/** Limit of the HMC for `boot-os-specific-parameters`, in characters. Source: nova-dpm virt/dpm/constants.py. */
export const PARAMETERS_LIMIT = 256;

/** With the dot, kernel and init ignore the key as a parameter of an unknown module. Source: linux arch/s390/boot/ipl_parm.c. */
export const PATHS_KEY = 'dpm.z=';
export const NICS_KEY = 'dpm.n=';

/**
 * The text never has a comma or a semicolon: the tools of the Python nova-dpm look for `<devno>,<port>;` anywhere in
 * the text. Source: nova-dpm guest_image_tools.
 */
export const GROUPS = '/';
export const FIELDS = ':';
export const ITEMS = '+';

/** The first character of an item of addresses says what it is. */
export const ADDRESS = 'a';
export const GATEWAY = 'g';
export const NAME_SERVER = 'n';

/** A path from the partition to a LUN, in the terms of its operating system. */
export interface GuestPath {
  /** Device number of the vHBA; four hex digits. */
  readonly deviceNumber: string;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
}

/** A volume that is listed in the boot parameters. */
export interface GuestVolume {
  readonly volumeId: string;
  readonly paths: readonly GuestPath[];
}

/** IP addresses that the guest is to give a NIC, IPv4 or IPv6. */
export interface GuestAddresses {
  /** With prefix length: `10.0.0.5/24`. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
}

/** A NIC that the guest is to set online (OSA, HiperSockets) and to configure. */
export interface GuestNic {
  /** Device number of the read channel; four hex digits. Write and data channel follow it. */
  readonly deviceNumber: string;
  /** Port of the adapter. */
  readonly port: 0 | 1;
  /** Twelve hex digits; undefined keeps the MAC of the machine. */
  readonly mac?: string | undefined;
  /** Undefined leaves the addresses to the guest, for example to DHCP. */
  readonly addresses?: GuestAddresses | undefined;
}

/** Returns a parameter text without the words of nova-dpm. Only the blanks around those words change. */
export function withoutOurWords(text: string): string {
  const isOurs = (word: string) => word.startsWith(PATHS_KEY) || word.startsWith(NICS_KEY);
  const parts = text.split(/([ \t\n]+)/); // keeps the blanks between words
  const kept = parts.filter((part, index) => !isOurs(part) && !(index > 0 && isOurs(parts[index - 1] ?? '')));
  return kept.join('').trim();
}
