import type { ConformanceCheck } from './check.ts';
import { hostEventChecks } from './connector-host-events.ts';
import { failureChecks, useInTheWayChecks } from './connector-failure.ts';
import type { HostConnectorCheckOptions, HostConnectorSubject, MakeHostConnector } from './connector-subject.ts';
import { useChecks } from './connector-use.ts';

/**
 * What the contract of {@link HostConnector} asks for, as checks that do not depend on one another. The volume is connected
 * and disconnected many times, with each write and each command of the host going wrong once; in the end the host is as
 * it was.
 *
 * ```ts
 * for (const { name, run } of hostConnectorChecks((context) => new MyConnector(context), prepare)) test(name, run);
 * ```
 *
 * @param make - called often: each check makes connectors of its own
 * @param prepare - called once for each rehearsal: a host in memory may be a new one each time, a real one is the same
 * @public
 */
export function hostConnectorChecks(
  make: MakeHostConnector,
  prepare: () => HostConnectorSubject,
  { patienceMs = 5000 }: HostConnectorCheckOptions = {},
): readonly ConformanceCheck[] {
  const { use, hostEvents = {} } = prepare();
  const checks = [...useChecks, ...failureChecks, ...(use === undefined ? [] : useInTheWayChecks)];
  checks.push(...hostEventChecks(hostEvents));
  return checks.map(({ name, run }) => ({ name, run: async () => await run({ make, prepare, patienceMs }) }));
}
