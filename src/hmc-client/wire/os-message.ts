import { z } from 'zod';
import { field, optional, readAll } from './fields.ts';
import type { ReadOf } from './fields.ts';

/** Source: python-zhmcclient _partition.py, list_os_messages. `timestamp` is epoch milliseconds, -1 unknown. */
const osMessageFields = {
  sequenceNumber: field('sequence-number', z.int()),
  text: field('message-text', z.string()),
  timestamp: field('timestamp', optional(z.number())),
  isHeld: field('is-held', optional(z.boolean())),
  isPriority: field('is-priority', optional(z.boolean())),
  promptText: field('prompt-text', optional(z.string())),
  osName: field('os-name', optional(z.string())),
} as const;

/** One message of a partition's operating system, or of the loader before it. @public */
export type OsMessage = ReadOf<typeof osMessageFields>;

/** Answer of List OS Messages of a Partition. */
export const osMessagesAnswer = z.looseObject({
  'os-messages': z.array(readAll(osMessageFields)),
});
