import { afterEach } from 'vitest';

import {
  ManualClock,
  startHmc,
  type HmcOptions,
  type HmcUser,
  type Props,
  type SimulatedHmc,
} from '../../src/simulator/hmc/index.ts';
import { createSan, type SimulatedSan } from '../../src/simulator/san/index.ts';
import { FaultEngine, RequestLog, type FaultKind, type FaultRule } from '../../src/simulator/server/index.ts';

/** An answer of the HMC, with its parts that tests look at. */
export interface Answer {
  readonly status: number;
  /** The reason of an error; -1 without. */
  readonly reason: number;
  readonly body: Props;
  readonly headers: Headers;
}

/** Speaks to an HMC with nothing but fetch: the project's own client would share its mistakes. */
export class Caller {
  readonly url: string;
  session: string | undefined;

  constructor(url: string, session?: string) {
    this.url = url;
    this.session = session;
  }

  /** Logs on; the answer of later calls belongs to this session. */
  async logon(userid: string, password: string): Promise<Answer> {
    const answer = await this.post('/api/sessions', { userid, password });
    if (answer.status === 200) this.session = text(answer.body['api-session']);
    return answer;
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.send('POST', path, body === undefined ? undefined : JSON.stringify(body));
  }

  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }

  async send(method: string, path: string, body?: string | Buffer, more: Record<string, string> = {}): Promise<Answer> {
    const session = this.session === undefined ? {} : { 'x-api-session': this.session };
    const headers = { 'content-type': 'application/json', ...session, ...more };
    const response = await fetch(this.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    const parsed = (text === '' ? {} : JSON.parse(text)) as Props;
    return { status: response.status, reason: Number(parsed.reason ?? -1), body: parsed, headers: response.headers };
  }

  /** Starts a job, and gives what it came to. */
  async job(path: string, body?: unknown): Promise<Props> {
    const { body: started } = await this.post(path, body);
    return (await this.get(text(started['job-uri']))).body;
  }
}

/** A logged-on caller of a fresh HMC, with all that stands around it. */
export interface Bench {
  readonly hmc: SimulatedHmc;
  readonly san: SimulatedSan;
  readonly faults: FaultEngine;
  readonly log: RequestLog;
  readonly clock: ManualClock;
  readonly caller: Caller;
  readonly cpc: string;
  /** Storage ports of the FCP adapters, in order. */
  readonly ports: readonly string[];
  readonly fault: (kind: FaultKind, operation: string, more?: Partial<FaultRule>) => void;
}

const open: SimulatedHmc[] = [];
afterEach(async () => {
  for (const hmc of open.splice(0)) await hmc.close();
});

/** Starts an HMC for one test, with a clock that the test moves. */
export async function bench(options: HmcOptions = {}): Promise<Bench> {
  const san = createSan();
  const faults = new FaultEngine([], 1);
  const log = new RequestLog();
  const clock = new ManualClock();
  const surroundings = { san, fabrics: san.fabricIds, faults, log, clock, seed: 1 };
  const hmc = await startHmc({ machine: 'z13', ...options }, surroundings);
  open.push(hmc);
  const caller = new Caller(hmc.url);
  await caller.logon(hmc.username, hmc.password);
  const adapters = hmc.model.all('adapter').filter(({ props }) => props.type === 'fcp');
  const ports = adapters.flatMap((adapter) => hmc.model.childrenOf(adapter, 'storage-port').map(({ uri }) => uri));
  const fault = (kind: FaultKind, operation: string, more: Partial<FaultRule> = {}): void =>
    faults.add({ id: 'fault', server: 'hmc', operation, kind, ...more });
  return { hmc, san, faults, log, clock, caller, cpc: `/api/cpcs/${hmc.cpcObjectId}`, ports, fault };
}

/** A second user, who lacks something. */
export const otherUser: HmcUser = { userid: 'other', password: 'other-on-z' };

/** What every valid Create Partition needs. */
export const smallPartition = { name: 'p1', 'ifl-processors': 1, 'initial-memory': 1024, 'maximum-memory': 2048 };

/** Creates a partition, and gives its URI. */
export async function newPartition({ caller, cpc }: Bench, more: Props = {}): Promise<string> {
  const { body } = await caller.post(`${cpc}/partitions`, { ...smallPartition, ...more });
  return text(body['object-uri']);
}

/** Creates a vHBA, and gives its properties. */
export async function newHba({ caller, ports }: Bench, partition: string, name = 'vhba0', port = 0): Promise<Props> {
  const { body } = await caller.post(`${partition}/hbas`, { name, 'adapter-port-uri': ports[port] });
  return (await caller.get(text(body['element-uri']))).body;
}

/** A disk with a system on it that the initiators reach; gives its LUN and a target port of each fabric. */
export function bootDisk(
  { san }: Bench,
  initiators: readonly string[],
  bootable = true,
): { lun: string; targets: readonly string[] } {
  san.createVolume({ id: 'disk', sizeGib: 10, bootable });
  const [shown] = san.mapVolume({ volumeId: 'disk', host: 'p1', initiators, lunForm: 'peripheral' });
  const targets = shown?.ports ?? [];
  san.addZones(Object.fromEntries(initiators.map((initiator) => [initiator, targets])));
  return { lun: shown?.fcpLun ?? '', targets };
}

/** A partition whose boot properties lead to a disk with a system on it. */
export async function bootablePartition(
  of: Bench,
  more: Props = {},
): Promise<{ partition: string; hba: Props; target: string; lun: string }> {
  const partition = await newPartition(of, more);
  const hba = await newHba(of, partition);
  const { lun, targets } = bootDisk(of, [text(hba.wwpn)]);
  const target = text(targets[0]);
  await of.caller.post(partition, {
    'boot-device': 'storage-adapter',
    'boot-storage-device': hba['element-uri'],
    'boot-world-wide-port-name': target,
    'boot-logical-unit-number': lun,
  });
  return { partition, hba, target, lun };
}

/** A value that has to be text or a number. */
export function text(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new TypeError(`no text: ${JSON.stringify(value)}`);
}

/** The status of a partition, by GET. */
export async function statusOf({ caller }: Bench, partition: string): Promise<string> {
  return text((await caller.get(partition)).body.status);
}
