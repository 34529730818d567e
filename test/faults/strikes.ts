import type { Failpoint } from '../../src/base/index.ts';
import type { RequestLogEntry } from '../../src/simulator/index.ts';
import type { Scenario } from './scenarios.ts';
import type { Picture, Stage } from './stage.ts';

/** One request that a flow makes, and the step that made it. */
export interface Strike {
  /** `flow/step`; empty before the first step. */
  readonly step: string;
  readonly server: 'hmc' | 'cinder';
  readonly operation: string;
  readonly method: string;
  /** The peer refuses it anyway: there is no effect that a fault could deny. */
  readonly isRefused: boolean;
  /** What Cinder asks of array and fabric for it, each with how often it was asked before. */
  readonly atArray: ReadonlyMap<string, number>;
  /** How many requests of this operation come before this one. */
  readonly skip: number;
  /** How many of each come before it, by `server/operation`. */
  readonly before: ReadonlyMap<string, number>;
}

/** What a scenario does when nobody disturbs it. */
export interface Recording {
  readonly strikes: readonly Strike[];
  readonly points: readonly Failpoint[];
  /** Those of them at which a volume is masked that was not before. */
  readonly maskedPoints: readonly Failpoint[];
  /** How the world looks when it has succeeded. */
  readonly after: Picture;
}

/** Requests of a job's end are sent beside the flow: when they come is not part of it. */
export function isBeside({ operation }: Pick<Strike, 'operation'>): boolean {
  return operation === 'Delete Completed Job Status';
}

/** Runs the scenario once, undisturbed but for the failure that is part of it, and notes which step made which request. */
export async function record(stage: Stage, scenario: Scenario): Promise<Recording> {
  const { world, traps } = stage;
  const server = await scenario.prepare(stage);
  traps.clear();
  if (scenario.failsAt !== undefined) traps.set(scenario.failsAt, 1);
  const maskedPoints: Failpoint[] = [];
  const mapped = new Set(scenario.maps.map((index) => world.sim.volumes[index]!.id));
  traps.onPass = (point) => {
    const masks = world.sim.san.snapshot().arrays.flatMap((array) => array.masks);
    if (masks.some(({ volumeId }) => mapped.has(volumeId))) maskedPoints.push(point);
  };
  stage.watch();
  const asked = listenToArray(stage);
  const failure = await scenario.act(stage, server, world.context).then(
    () => undefined,
    (error: unknown) => error,
  );
  if ((failure === undefined) !== (scenario.failsAt === undefined)) {
    throw new Error(`${scenario.name} does not go as it should`, { cause: failure });
  }
  const points = traps.passed;
  const strikes = strikesIn(stage, scenario, asked.stop());
  const after = stage.picture();
  traps.clear();
  await scenario.tidy?.(stage, world.context);
  for (const { name, id } of await stage.manager.list(world.context))
    if (name === server) await stage.manager.delete(id, world.context);
  return { strikes, points, maskedPoints, after };
}

/** What was asked of the array, and during which request: the array keeps no log, but its faults are decided one by one. */
interface Asked {
  readonly operation: string;
  readonly entry: RequestLogEntry | undefined;
}

function listenToArray({ world: { sim } }: Stage): { readonly stop: () => readonly Asked[] } {
  const asked: Asked[] = [];
  const decide = sim.faults.decide.bind(sim.faults);
  sim.faults.decide = (server, operation, subject) => {
    if (server === 'san')
      asked.push({ operation, entry: sim.log.entries.findLast((entry) => entry.server === 'cinder') });
    return decide(server, operation, subject);
  };
  return {
    stop: () => {
      Reflect.deleteProperty(sim.faults, 'decide');
      return asked;
    },
  };
}

function atArray(asked: readonly Asked[], entry: RequestLogEntry): ReadonlyMap<string, number> {
  const own = asked.filter((each) => each.entry === entry).map(({ operation }) => operation);
  const before = (operation: string) => {
    const first = asked.findIndex((each) => each.entry === entry && each.operation === operation);
    return asked.slice(0, first).filter((each) => each.operation === operation).length;
  };
  return new Map(own.map((operation) => [operation, before(operation)]));
}

function strikesIn(stage: Stage, { failsAt }: Scenario, asked: readonly Asked[]): readonly Strike[] {
  const seen = new Map<string, number>();
  let hasTurned = failsAt === undefined;
  return stage.observed().flatMap(({ entry, step, isUndo }) => {
    const { server, operation, method, status = 0 } = entry;
    const key = `${server}/${operation}`;
    const before = new Map(seen);
    const skip = seen.get(key) ?? 0;
    seen.set(key, skip + 1);
    hasTurned ||= isUndo;
    // Only the way back is of interest where the way forward has rows of its own.
    return hasTurned && (server === 'hmc' || server === 'cinder')
      ? [{ step, server, operation, method, isRefused: status >= 400, atArray: atArray(asked, entry), skip, before }]
      : [];
  });
}
