import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { uptime } from 'node:os';

/**
 * Returns how long the compute host has been up, in the words of the command uptime: `up 3 days, 4:05`. The HMC does not
 * report when a CPC was started.
 */
export function hostUptime(seconds = uptime()): string {
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const day = days === 0 ? '' : `${days} ${days === 1 ? 'day' : 'days'}, `;
  return `up ${day}${hours}:${String(minutes % 60).padStart(2, '0')}`;
}

/**
 * Returns the address of this host from which the HMC is reached. Sends nothing: connecting a datagram socket only chooses the
 * route.
 *
 * @throws Error when the name of the HMC cannot be resolved, or there is no route
 */
export async function addressTowards(hmcUrl: string): Promise<string> {
  const { hostname, port } = new URL(hmcUrl);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.connect(Number(port) || 443, host);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
