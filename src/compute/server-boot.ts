import { ConflictError, Secret } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { taskEnds, withFault } from './faults.ts';
import { setBootFlow } from './flows/boot.ts';
import type { InstanceRecord } from './instances.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import type { BootFromRequest } from './requests.ts';

/** Returns the context with the password of the boot source, which is in no record and no journal. */
export function withBootPassword(from: BootFromRequest | undefined, context: RequestContext): RequestContext {
  if (from === undefined || !('password' in from) || from.password === undefined) return context;
  return { ...context, bootPassword: new Secret(from.password) };
}

/** Changes what a server boots from, from its next start on. */
export async function setServerBoot(
  parts: ManagerParts,
  instance: InstanceRecord,
  from: BootFromRequest,
  context: RequestContext,
): Promise<void> {
  const { driver, store } = parts;
  if (driver.setBoot === undefined) throw new ConflictError('this driver boots from volumes only');
  const { password: _password, ...recorded } = { password: undefined, ...from };
  const input = { instanceUuid: instance.uuid, name: instance.name, from: recorded };
  const run = () => runServerFlow(parts, setBootFlow, input, 'set the boot source of', withBootPassword(from, context));
  await withFault(store, instance, context, run, () => taskEnds);
}
