import type { z } from 'zod';
import { blankSecrets } from '../../base/index.ts';
import type { JsonValue } from '../../base/index.ts';
import type { Journal, JournalEvent } from './journal.ts';
import { JournalError } from './replay.ts';

/** Writes an event, or says which one could not be written. @throws JournalError */
export async function record(journal: Journal, flowId: string, event: JournalEvent): Promise<void> {
  try {
    await journal.append(flowId, withoutSecrets(event));
  } catch (error) {
    throw new JournalError(`record "${event.kind}" of flow ${flowId}`, { flowId }, { cause: error });
  }
}

/** Whatever a step's output carries, no secret reaches the disk. The state in memory keeps it. */
export function withoutSecrets(event: JournalEvent): JournalEvent {
  return blankSecrets(event) as JournalEvent; // the same shape: only values of secret fields are replaced
}

/** Reads back what was journaled, by its schema. @throws JournalError when it is of another form */
export function parseJournaled(flowId: string, what: string, schema: z.ZodType, value: JsonValue): JsonValue {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new JournalError(
      `flow ${flowId}: the journaled ${what} is not of the expected form`,
      {},
      { cause: parsed.error },
    );
  return parsed.data as JsonValue; // schemas of inputs and outputs describe plain JSON
}
