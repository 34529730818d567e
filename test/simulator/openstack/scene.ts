import { expect } from 'vitest';
import type { FaultRule } from '../../../src/simulator/server/index.ts';
import { Replay, type Exchange } from './replay.ts';
import { Caller, field, startWorld, type World, type WorldOptions } from './support.ts';

const PROJECT = 'feedc0de00000000000000000000beef';
/** The connector of the recordings. */
export const CONNECTOR = { host: 'partition-1', wwpns: ['c05076ffe6800001', 'c05076ffe6800002'], platform: 's390x' };

/** What happens before a recorded step without having been recorded itself. */
export type Unrecorded = Readonly<Record<number, (scene: Scene) => unknown>>;

/** A simulator in the place of the recorded services. */
export interface Scene {
  readonly world: World;
  readonly replay: Replay;
  /** An administrator of the recorded project. */
  readonly admin: Caller;
}

/** As the recorded services were: Cinder 21.3.1 knew 3.70, its catalogue no Nova, its array two ports, and was lenient. */
export async function startScene(options: WorldOptions = {}): Promise<Scene & AsyncDisposable> {
  const cinder = {
    auth: 'noauth',
    maxMicroversion: '3.70',
    nova: 'absent',
    strictTerminate: false,
    ...options.cinder,
  } as const;
  const world = await startWorld({ volumes: [], images: [], sanOptions: { portsPerFabric: 1 }, ...options, cinder });
  const ports = world.san.arrays[0]!.ports.map((port) => port.wwpn);
  const keystone = world.openstack.keystone.url.replace('/v3', '');
  const replay = new Replay({ cinder: world.openstack.cinder.rootUrl, keystone, ports });
  const headers = { 'x-auth-token': `admin:${PROJECT}`, 'openstack-api-version': 'volume 3.44' };
  const admin = new Caller(`${world.openstack.cinder.rootUrl}/v3/${PROJECT}`, headers);
  return { world, replay, admin, [Symbol.asyncDispose]: () => world.openstack.close() };
}

/** Makes a volume of an unrecorded step, and has it stand for the recorded one. */
export async function makeVolume({ replay, admin }: Scene, recordedId: string, facts: object = {}): Promise<string> {
  const made = await admin.post('/volumes', { volume: { size: 1, ...facts } });
  const id = String(field(made.body, 'volume', 'id'));
  replay.bind(recordedId, id);
  return id;
}

/** Volumes whose creation was not recorded are named by a request before any answer showed them. */
async function makeNamedVolume(scene: Scene, exchange: Exchange, names: readonly string[]): Promise<void> {
  const inPath = /\/volumes\/([0-9a-f-]{36})/.exec(exchange.path)?.[1];
  const id = inPath ?? field(exchange.body, 'attachment', 'volume_uuid');
  const isMade = typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) && !id.startsWith('00000000');
  if (isMade && !scene.replay.isKnown(id)) await makeVolume(scene, id, { name: names[0] });
}

/** Plays a recording and compares every answer; returns how many there were. */
export async function playAll(
  scene: Scene,
  recording: readonly Exchange[],
  unrecorded: Unrecorded = {},
  nameOf: (exchange: Exchange) => string | undefined = nameFromLaterAnswer(recording),
): Promise<number> {
  for (const exchange of recording) {
    await unrecorded[exchange.n]?.(scene);
    await makeNamedVolume(scene, exchange, [nameOf(exchange) ?? 'unnamed']);
    const { expected, actual } = await scene.replay.play(exchange);
    expect(actual, `step ${exchange.n}: ${exchange.step}`).toEqual(expected);
  }
  return recording.length;
}

// The recording shows a volume's name in some later answer; it is part of what is compared.
function nameFromLaterAnswer(recording: readonly Exchange[]): (exchange: Exchange) => string | undefined {
  return ({ path, body }) => {
    const id = /\/volumes\/([0-9a-f-]{36})/.exec(path)?.[1] ?? String(field(body, 'attachment', 'volume_uuid'));
    const shown = recording.find(({ answer }) => field(answer, 'volume', 'id') === id);
    return shown && String(field(shown.answer, 'volume', 'name'));
  };
}

/** A rule by which the array fails. */
export function arrayFails(operation: string, times = 1, effect: 'none' | 'done' = 'none'): FaultRule {
  const id = `${operation} ${String(times)} ${effect} ${String(Math.random())}`;
  return { id, server: 'san', operation, when: { times }, kind: { type: 'backend-error', effect } };
}
