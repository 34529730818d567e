import { ConflictError, neverAborted, silentLogger } from '../../src/base/index.ts';
import type { Decided, PartitionOwner } from '../../src/partition/index.ts';
import type { Settled, StepContext } from '../../src/saga/index.ts';
import type { FlowDeps } from '../../src/spawn/index.ts';

/** A step, as far as a test of it alone needs it. */
interface Runnable<State, Out> {
  readonly run: (ctx: StepContext<State, FlowDeps>) => Promise<Out>;
  readonly undo:
    ((ctx: StepContext<State, FlowDeps>, was: Settled<Out>) => Promise<void>) | { readonly nothingToUndo: string };
}

export function contextFor<State>(
  state: State,
  deps: FlowDeps,
  progress: (detail: string) => void = () => undefined,
): StepContext<State, FlowDeps> {
  return {
    flowId: 'flow-1',
    state,
    deps,
    signal: neverAborted(),
    log: silentLogger,
    progress,
    warn: async () => undefined,
  };
}

export async function undoStep<State, Out>(
  step: Runnable<State, Out>,
  state: State,
  deps: FlowDeps,
  was: Settled<Out>,
): Promise<void> {
  if (typeof step.undo !== 'function') throw new Error(`this step has nothing to undo: ${step.undo.nothingToUndo}`);
  await step.undo(contextFor(state, deps), was);
}

/** An instance whose partition is decided; what steps write down of it is kept in `noted`. */
export function whereabouts(decided: Decided, noted: string[] = []) {
  const note = (what: string) => (_owner: PartitionOwner, more?: unknown) => {
    noted.push(typeof more === 'string' ? `${what} ${more}` : what);
  };
  const decide = async () => decided;
  const requireAtRest = async () => {
    if (decided.kind === 'ours' && decided.partition.status !== 'stopped') throw new ConflictError('it runs');
    return decided;
  };
  const [begin, made, hasPorts] = [note('begin'), note('made'), () => undefined];
  const [deleted, gone] = [note('deleted'), note('gone')];
  return { decide, requireAtRest, begin, made, hasPorts, deleted, gone, isUnknown: () => false };
}

/** What a test says of the live things; whatever else a step touches is an error that names it. */
export function fakeDeps(parts: { readonly [Key in keyof FlowDeps]?: object | string }): FlowDeps {
  const absent = (name: string) =>
    new Proxy(
      {},
      {
        get: (_target, key) => {
          throw new Error(`the step asks for ${name}.${String(key)}, which this test does not have`);
        },
      },
    );
  const names = ['hmc', 'lifecycle', 'storage', 'volumeDrivers', 'mapper'] as const;
  const rest = Object.fromEntries(names.map((name) => [name, absent(name)]));
  return {
    cpcUri: '/api/cpcs/1',
    partitions: whereabouts({ kind: 'absent' }),
    boot: { attempts: 2, loginBeforeZoning: false },
    ...rest,
    ...parts,
  } as unknown as FlowDeps; // fakes are what they are asked for
}
