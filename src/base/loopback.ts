import { isIP } from 'node:net';

/** Returns whether the network can read requests to this absolute URL: neither https nor a loopback address. */
export function isReadableOnTheWay(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  return protocol !== 'https:' && !isLoopback;
}
