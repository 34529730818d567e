import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { neverAborted, parseForeignJson, Secret, wwpnSchema } from '../../src/base/index.ts';
import { openCinder, readConnectionInfo } from '../../src/cinder-client/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import { parseFcConnection, selectPaths } from '../../src/volume/index.ts';
import { quickPolicies as cinderPolicies } from '../support/cinder-policies.ts';
import {
  credentials,
  exchangesOfCinder,
  loadCinderPlays,
  performOnCinder,
  recordedAt,
} from '../support/cinder-plays.ts';
import type { CinderPlay } from '../support/cinder-plays.ts';
import type { Exchange } from '../support/conversations.ts';
import { quickPolicies as hmcPolicies } from '../support/hmc-policies.ts';
import { exchangesOfHmc, loadHmcPlays, performOnHmc } from '../support/hmc-plays.ts';
import type { HmcPlay } from '../support/hmc-plays.ts';
import { bodyOf, FuzzWire, onWire } from './wire.ts';

/** One valid body, and what reads it. */
export interface Target {
  /** What is counted together: peer, method and path without ids. */
  readonly operation: string;
  readonly title: string;
  readonly body: string;
  readonly status: number;
  /** Gives the spoilt body to its reader. @returns what the client did that it must not */
  readonly read: (status: number, text: string) => Promise<readonly string[]>;
}

/** Every answer of every conversation with HMC, Keystone and Cinder, and every connection_info. */
export function allTargets(): readonly Target[] {
  // Where the caller is at fault, so is the end.
  const isOfPeer = (play: HmcPlay | CinderPlay) => !('error' in play.expect && play.expect.error.code === 'INTERNAL');
  return [
    ...loadHmcPlays().flatMap(([, play]) => (isOfPeer(play) ? hmcTargets(play) : [])),
    ...loadCinderPlays().flatMap(([, play]) => (isOfPeer(play) ? cinderTargets(play) : [])),
    ...connectionTargets(),
  ];
}

function hmcTargets(play: HmcPlay): Target[] {
  const origins = new Set(play.urls.map((url) => new URL(url).origin));
  const mayAsk = (origin: string) => origins.has(origin);
  const notFound = '{"http-status": 404, "reason": 1, "message": "no such object"}';
  return targetsOf('hmc', play.title, exchangesOfHmc(play), mayAsk, notFound, async () => {
    const hmc = openHmcSession({
      urls: play.urls,
      userid: 'novauser',
      password: async () => new Secret('invented-password'),
      policies: hmcPolicies,
    });
    try {
      await performOnHmc(hmc, play.calls);
    } finally {
      await hmc.close({ signal: neverAborted() });
    }
  });
}

function cinderTargets(play: CinderPlay): Target[] {
  const exchanges = exchangesOfCinder(play);
  const hasCatalog = exchanges.some(({ path }) => path.endsWith('/auth/tokens'));
  // The catalogue is Keystone's to write: where it leads, also when it is spoilt, is where Cinder is.
  const mayAsk = (origin: string) => hasCatalog || /^http:\/\/(?:cinder|keystone)\.test:\d+$/.test(origin);
  const notFound = '{"itemNotFound": {"code": 404, "message": "no such thing"}}';
  return targetsOf('cinder', play.title, exchanges, mayAsk, notFound, async () => {
    using cinder = openCinder({
      auth: credentials[play.auth],
      serviceUser: play.serviceUser === undefined ? undefined : credentials[play.serviceUser],
      ...play.settings,
      policies: cinderPolicies,
      clock: () => recordedAt,
    });
    await performOnCinder(cinder, play.calls);
  });
}

function targetsOf(
  peer: 'hmc' | 'cinder',
  title: string,
  exchanges: readonly Exchange[],
  mayAsk: (origin: string) => boolean,
  notFound: string,
  play: () => Promise<void>,
): Target[] {
  return exchanges.flatMap((exchange, index) => {
    const body = bodyOf(exchange);
    if (body === undefined || 'error' in exchange.reply) return [];
    const read = async (status: number, text: string): Promise<readonly string[]> => {
      const wire = new FuzzWire({ exchanges, spoilt: { index, status, text }, mayAsk, notFound });
      try {
        await onWire(wire, play);
      } catch (error) {
        if (wire.strays.length === 0) throw error;
      }
      return wire.strays;
    };
    return [
      {
        operation: `${peerOf(peer, exchange)} ${operationOf(exchange)}`,
        title,
        body,
        status: exchange.reply.status,
        read,
      },
    ];
  });
}

function peerOf(peer: 'hmc' | 'cinder', { path }: Exchange): string {
  return path.endsWith('/auth/tokens') ? 'keystone' : peer;
}

/** `POST /api/partitions/(id)/operations/start`: the path without ids and query. */
function operationOf({ method, path }: Exchange): string {
  const words = path.replace(/\?.*$/s, '').split('/');
  const isName = (word: string) => /^(?:[a-z][a-z-]*|v3|)$/.test(word);
  return `${method} ${words.map((word) => (isName(word) ? word : '(id)')).join('/')}`;
}

const connectionFile = z.looseObject({
  cases: z.array(z.looseObject({ name: z.string(), initiators: z.array(wwpnSchema), connectionInfo: z.unknown() })),
});

function connectionTargets(): Target[] {
  const directory = join(import.meta.dirname, '../fixtures/connection-info');
  const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  const cases = files.flatMap((text) => connectionFile.parse(JSON.parse(text)).cases);
  return cases.map(({ name, initiators, connectionInfo }) => ({
    operation: 'cinder connection_info',
    title: name,
    body: JSON.stringify(connectionInfo),
    status: 200,
    read: async (_status, text) => {
      const connection = parseFcConnection(readConnectionInfo(parseOrText(text)));
      selectPaths(connection, { initiators, ignoredTargets: new Set() });
      return [];
    },
  }));
}

/** What is no JSON never gets as far as this reader. */
function parseOrText(text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    return text;
  }
}
