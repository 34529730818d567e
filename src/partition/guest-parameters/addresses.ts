import { isIP } from 'node:net';
import { ADDRESS, GATEWAY, ITEMS, NAME_SERVER } from './form.ts';
import type { GuestAddresses } from './form.ts';

/**
 * Writes the addresses of a NIC: `a0a000005.24+g0a000001+n0a000002`. An address is its bytes in hex, 8 digits for IPv4 and 32
 * for IPv6; a fixed address has its prefix length after a dot.
 */
export function formatAddresses({ addresses, gateways, dns }: GuestAddresses): string {
  const fixed = addresses.map((each) => {
    const [ip = '', prefix = ''] = each.split('/');
    return `${ADDRESS}${hexOfIp(ip)}.${prefix}`;
  });
  const others = [...gateways.map((ip) => GATEWAY + hexOfIp(ip)), ...dns.map((ip) => NAME_SERVER + hexOfIp(ip))];
  return [...fixed, ...others].join(ITEMS);
}

function hexOfIp(ip: string): string {
  return Buffer.from(isIP(ip) === 6 ? bytesOfIpv6(ip) : ip.split('.').map(Number)).toString('hex');
}

function bytesOfIpv6(ip: string): readonly number[] {
  // An IPv4 address may follow the last colon.
  const plain = ip.replace(/[^:]*\.[^:]*$/, (v4) => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  const all = tail === undefined ? first : [...first, ...zeros, ...last];
  return all.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
