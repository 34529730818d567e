import type { z } from 'zod';
import { blankSecrets, describeError } from '../../base/index.ts';
import type { JsonValue, Logger } from '../../base/index.ts';
import type { Journal, JournalEvent } from './journal.ts';
import { JournalError } from './replay.ts';

/** Writes an event. @throws JournalError naming the event that cannot be written */
export async function record(journal: Journal, flowId: string, event: JournalEvent): Promise<void> {
  try {
    await journal.append(flowId, withoutSecrets(event));
  } catch (error) {
    throw new JournalError(`record "${event.kind}" of flow ${flowId}`, { flowId }, { cause: error });
  }
}

/** Blanks secrets, so that none reaches the disk. The state in memory keeps them. */
export function withoutSecrets(event: JournalEvent): JournalEvent {
  return blankSecrets(event) as JournalEvent; // the same shape: only values of secret fields are replaced
}

/** Ends a flow that another one superseded. A failure is only logged: the next command tries again, or resumes the flow. */
export async function closeSuperseded(journal: Journal, flowId: string, why: string, log: Logger): Promise<void> {
  try {
    await journal.append(flowId, { kind: 'flow-ended', outcome: 'rolled-back', error: `superseded: ${why}` });
  } catch (error) {
    log.warn({ event: 'journal.write', flowId, error: describeError(error) }, 'flow not closed');
  }
}

/** Parses a journaled value by its schema. @throws JournalError when the value does not match */
export function parseJournaled(flowId: string, what: string, schema: z.ZodType, value: JsonValue): JsonValue {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new JournalError(`flow ${flowId}: the journaled ${what} is invalid`, {}, { cause: parsed.error });
  return parsed.data as JsonValue; // schemas of inputs and outputs describe plain JSON
}
