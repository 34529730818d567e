import { ConflictError, describeError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { ManagerServices } from './services.ts';
import { countStorage } from './verify/counted.ts';
import type { Finding } from './verify/finding.ts';
import { look } from './verify/look.ts';

/** A finding, and what came of its repair. @public */
export interface Repaired extends Finding {
  readonly outcome: 'repaired' | 'failed' | 'left';
  /** Why it failed. */
  readonly error: string | null;
}

interface Tools {
  readonly services: ManagerServices;
  readonly resumeFlow: (id: string, context: RequestContext) => Promise<unknown>;
}

/** Puts right what is safe to put right, one finding after the other; one that fails does not keep the others from it. */
export async function repairOrphans(
  findings: readonly Finding[],
  tools: Tools,
  context: RequestContext,
): Promise<readonly Repaired[]> {
  const results: Repaired[] = [];
  // Flows first: what they finish or undo may be what the other findings are about.
  for (const finding of findings.toSorted((a, b) => Number(b.kind === 'flow') - Number(a.kind === 'flow'))) {
    results.push(await repairOne(finding, tools, context));
  }
  return results;
}

async function repairOne(finding: Finding, tools: Tools, context: RequestContext): Promise<Repaired> {
  if (finding.repair === null) return { ...finding, outcome: 'left', error: null };
  try {
    await act(finding, tools, context);
    return { ...finding, outcome: 'repaired', error: null };
  } catch (error) {
    return { ...finding, outcome: 'failed', error: describeError(error) };
  }
}

async function act(
  { kind, target, name }: Finding,
  { services, resumeFlow }: Tools,
  context: RequestContext,
): Promise<void> {
  switch (kind) {
    case 'flow':
      await resumeFlow(target.id, context);
      return;
    case 'attachment':
      await services.cinder.attachments.delete(target.id, context);
      return;
    case 'partition':
    case 'storage-group': {
      // The driver has the volumes released before it gives up the WWPNs.
      const flavor = { vcpus: 1, memoryMb: 1 };
      await services.driver.destroy(context, { uuid: target.id, name, host: services.host, flavor }, null, null);
      return;
    }
    case 'vhba':
    case 'storage-volume':
      await removeSurplus(target, services, context);
      return;
    case 'volume':
      // Either the volume itself is in a wrong status, or its attachment is.
      if (target.id === name) await services.cinder.actions.rollDetaching(target.id, context);
      else await services.cinder.attachments.complete(target.id, context);
      return;
    case 'server':
      return; // these are never repaired without a person
  }
}

/** What is counted is looked up anew: since it was found, somebody may have begun to use it. */
async function removeSurplus(
  { id, instanceUuid }: Finding['target'],
  services: ManagerServices,
  context: RequestContext,
): Promise<void> {
  const counted = countStorage(await look(services, context)).find((each) => each.instanceUuid === instanceUuid);
  if (counted === undefined)
    throw new ConflictError(`something is under way for ${instanceUuid ?? id}: it is left as it is`, { uri: id });
  await services.driver.removeSurplusStorage?.(context, counted, id);
}
