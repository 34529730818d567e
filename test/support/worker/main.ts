import { describeError, neverAborted } from '../../../src/base/index.ts';
import { openManager } from '../../../src/compute/index.ts';
import { quickCinder, quickPolicies } from '../quick-policies.ts';
import { readSettings } from '../read-settings.ts';
import { KillSwitch } from './kill-switch.ts';
import { perform } from './order.ts';
import type { Order, Report } from './order.ts';

/*
 * A process of its own with a compute manager in it: it says that it is ready, waits for one order, carries it out, and
 * ends, by its own hand if the order says so.
 */
process.once('message', (message) => {
  const order = message as Order; // the only message that its pool sends
  carryOut(order)
    .then(
      () => null,
      (error: unknown) => describeError(error),
    )
    .then((error) => process.send?.({ error } satisfies Report, () => process.disconnect()))
    .catch(() => process.exit(1));
});
process.send?.('ready');

async function carryOut({ settingsText, statePath, act, kill }: Order): Promise<void> {
  const killSwitch = new KillSwitch(kill);
  const context = { requestId: 'req-worker', signal: neverAborted() };
  if (act.verb === 'recover') killSwitch.arm();
  await using manager = await openManager(readSettings(settingsText), {
    context,
    baseDir: statePath,
    policies: quickPolicies,
    cinder: quickCinder,
    wrapJournal: killSwitch.wrapJournal,
    failpoint: killSwitch.failpoint,
  });
  if (act.verb === 'recover') return;
  killSwitch.arm();
  await perform(manager, act, context);
}
