import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, DpmError, neverAborted } from '../../src/base/index.ts';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { quickCinder, quickPolicies } from '../../test/support/quick-policies.ts';
import { readSettings } from '../../test/support/read-settings.ts';
import { runLanes } from './lanes.ts';
import type { WorkerOrder, WorkerReport } from './messages.ts';

/*
 * The process that the soak kills: a compute manager, and the operations on its servers. It receives one order, and
 * works until it is told to stop.
 */
const context = { requestId: 'req-soak', signal: neverAborted() };
let isWanted = true;

process.on('message', (message) => {
  if (message === 'stop') isWanted = false;
  else void work(message as WorkerOrder).then(() => process.disconnect()); // the parent sends only these two messages
});

async function work(order: WorkerOrder): Promise<void> {
  const manager = await openPatiently(order);
  if (manager === undefined) return;
  await runLanes({ manager, context, order, tell, isWanted: () => isWanted });
  await manager[Symbol.asyncDispose]();
}

/** A fault may also fail the logon. The supervisor then starts the process again. */
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
