import { isIP } from 'node:net';

/** Is this host the machine on which we run, so that no one else can listen in? Takes IPv6 addresses with brackets too. */
function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Would whoever is on the way to this URL read what is sent there? @param url - an absolute URL */
export function isReadableOnTheWay(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol !== 'https:' && !isLoopback(hostname);
}
