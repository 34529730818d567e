import type { ConformanceCheck } from './check.ts';
import { hostEventChecks } from './connector-host-events.ts';
import { failureChecks, useInTheWayChecks } from './connector-failure.ts';
import type { HostConnectorCheckOptions, HostConnectorSubject, MakeHostConnector } from './connector-subject.ts';
import { useChecks } from './connector-use.ts';

/**
 * Returns the requirements of {@link HostConnector} as independent checks. They connect and disconnect the volume many
 * times, and make each write and each command of the host fail once. At the end the host is as before.
 *
 * ```ts
 * for (const { name, run } of hostConnectorChecks((context) => new MyConnector(context), prepare)) test(name, run);
 * ```
 *
 * @param make - called often: each check creates its own host connectors
 * @param prepare - called once for each check: returns a new host in memory, or always the same real host
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
