import { isIP } from 'node:net';
import { ConfigError } from '../base/index.ts';
import type { ServerNetworkRequest } from './requests.ts';

/* A file of its own: the command line checks addresses before it loads the compute manager. */

/** Checks the form of the addresses of a request. @throws ConfigError naming the value and what was expected */
export function checkAddresses({ network, address, gateway, dns = [], mac }: ServerNetworkRequest): void {
  const expect = (key: string, value: string | undefined, isRight: boolean, expected: string) => {
    if (value === undefined || isRight) return;
    const text = `network "${network}": ${key} = "${value}": expected ${expected}`;
    throw new ConfigError(text, { option: '--network', value });
  };
  const [ip = '', prefix = '', ...rest] = address?.split('/') ?? [];
  const [family, most] = [isIP(ip), isIP(ip) === 4 ? 32 : 128];
  const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= most && rest.length === 0;
  expect('address', address, family !== 0 && isPrefix, 'an IP address with its prefix length, such as 10.0.0.5/24');
  expect(
    'gateway',
    gateway,
    address !== undefined,
    'an address of the interface beside it, such as address=10.0.0.5/24',
  );
  expect('gateway', gateway, isIP(gateway ?? '') === family, `an IPv${family} address`);
  for (const server of dns) expect('dns', server, isIP(server) !== 0, 'an IP address');
  // The lowest bit of the first octet marks a group address.
  const isMac = mac !== undefined && /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/i.test(mac);
  expect('mac', mac, isMac, 'a MAC address of one interface, such as 02:fa:00:00:00:01');
}
