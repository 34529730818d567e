import { z } from 'zod';
import { resourceHoldingStatuses, startRefused } from '../../partition/index.ts';
import type { PartitionRef } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';
import { needsPorts } from './allocate-storage.ts';

interface Before {
  readonly input: PreparedInput;
  readonly 'create-partition': PartitionRef;
}

/** Whether the partition was started so that its ports log in, and has to be stopped before it is loaded. */
const output = z.object({ isStarted: z.boolean() });
export type Login = z.infer<typeof output>;

/**
 * Before: a stopped partition with ports. After: where a fabric knows only initiators that have logged in, the partition
 * is started without anything to load, so that its ports are known before Cinder zones them. Undo: stopped.
 *
 * With no boot device a start ends in `paused` (python-zhmcclient issue 228; zhmc-ansible-modules issue 103). That
 * its ports log in without an operating system is how
 * the machine is understood (unverified on hardware).
 */
export const logInPorts = {
  name: 'log-in-ports',
  output,
  run: async ({ state, deps, signal, progress }) => {
    if (!deps.boot.loginBeforeZoning || !needsPorts(state.input, deps)) return { isStarted: false };
    const partition = state['create-partition'];
    progress('starting without a boot device, so that the ports log in');
    const result = await deps.lifecycle.start(partition, { signal });
    if (result.kind === 'failed' && !resourceHoldingStatuses.has(result.status)) {
      throw startRefused(partition, result);
    }
    return { isStarted: true };
  },
  undo: async ({ state, deps, signal }, was) => {
    if (was.kind === 'done' && !was.output.isStarted) return;
    await deps.lifecycle.ensureStopped(state['create-partition'], { signal });
  },
  leaves: (state, was) =>
    was.kind === 'done' && !was.output.isStarted
      ? []
      : [`partition "${state['create-partition'].name}", perhaps started without a boot device`],
} satisfies Step<'log-in-ports', Before, Login, FlowDeps>;

/** In the stock order, {@link logInPorts} has run in the first leg, before Nova had the volumes mapped. */
export const preparedLogin = {
  name: 'log-in-ports',
  output,
  run: ({ state, deps }) =>
    Promise.resolve({ isStarted: deps.boot.loginBeforeZoning && needsPorts(state.input, deps) }),
  undo: { nothingToUndo: 'prepareForSpawn started it, and failedSpawnCleanup or destroy stops it' },
} satisfies Step<'log-in-ports', Before, Login, FlowDeps>;
