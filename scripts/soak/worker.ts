import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, DpmError, neverAborted } from '../../src/base/index.ts';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { quickCinder, quickPolicies } from '../../test/support/quick-policies.ts';
import { readSettings } from '../../test/support/read-settings.ts';
import { runLanes } from './lanes.ts';
import type { WorkerOrder, WorkerReport } from './messages.ts';

/*
 * The process that is killed: a compute manager and what keeps its servers in motion. It takes one order, works until it
 * is told to stop, and ends by itself only then.
 */
const context = { requestId: 'req-soak', signal: neverAborted() };
let isWanted = true;

process.on('message', (message) => {
  if (message === 'stop') isWanted = false;
  else void work(message as WorkerOrder).then(() => process.disconnect()); // its parent sends these two alone
});

async function work(order: WorkerOrder): Promise<void> {
  const manager = await openPatiently(order);
  if (manager === undefined) return;
  await runLanes({ manager, context, order, tell, isWanted: () => isWanted });
  await manager[Symbol.asyncDispose]();
}

/** A fault may meet the logon, too: an operator's supervisor starts the process again. */
async function openPatiently({ settingsText, statePath }: WorkerOrder): Promise<ComputeManager | undefined> {
  while (isWanted) {
    try {
      const common = { context, baseDir: statePath, policies: quickPolicies, cinder: quickCinder };
      const manager = await openManager(readSettings(settingsText), common);
      tell({ kind: 'opened' });
      return manager;
    } catch (error) {
      if (!(error instanceof DpmError)) tell({ kind: 'problem', text: `not opened: ${describeError(error)}` });
      await sleep(50);
    }
  }
  return undefined;
}

function tell(report: WorkerReport): void {
  process.send?.(report);
}
