import { isIP } from 'node:net';

/** Returns whether others on the network can read what is sent to this absolute URL: neither https nor loopback. */
export function isReadableOnTheWay(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  return protocol !== 'https:' && !isLoopback;
}
