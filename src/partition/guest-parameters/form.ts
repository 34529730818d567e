/*
 * The words that a partition's `boot-os-specific-parameters` carries for the guest tools. docs/decisions/0007.
 *
 *   dpm.z=<devnos>:<wwpns>:<luns>[:…][/<group>…]     FCP paths: the full product of the three lists, joined by "+"
 *   dpm.n=<devno>[:<port>[:<mac>[:…]]][/<nic>…]      NICs
 *
 * Device numbers have 4 hex digits, WWPNs 16, MACs 12, LUNs 4, 8, 12 or 16 (zeros at the end left out). All lower case:
 * a kernel that finds no lower-case letter at all makes the whole text lower case, and one that finds any does not.
 * A newer writer may add fields at the end of a group, or words with other keys; a reader passes over both.
 */

/** What the HMC takes for `boot-os-specific-parameters`, in characters. Source: nova-dpm virt/dpm/constants.py. */
export const PARAMETERS_LIMIT = 256;

/**
 * The key has a dot: kernel and init take it for a parameter of a module that is not loaded. Source: linux
 * arch/s390/boot/ipl_parm.c.
 */
export const PATHS_KEY = 'dpm.z=';
export const NICS_KEY = 'dpm.n=';

/**
 * Never comma and semicolon: the old nova-dpm tools look for `<devno>,<port>;` anywhere in the text. Source: nova-dpm
 * guest_image_tools.
 */
export const GROUPS = '/';
export const FIELDS = ':';
export const ITEMS = '+';

export const deviceNumberPattern = /^[0-9a-f]{4}$/;
/** Zero is no port. */
export const wwpnPattern = /^(?!0{16})[0-9a-f]{16}$/;
export const shortLunPattern = /^(?:[0-9a-f]{4}){1,4}$/;
export const portPattern = /^[01]$/;
export const macPattern = /^[0-9a-f]{12}$/;

/** The words of a parameter text, as the shell of the guest tools splits it. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/[ \t\n]+/).filter((word) => word !== '');
}
