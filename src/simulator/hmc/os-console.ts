import type { HmcContext } from './context.ts';
import type { Props } from './model/json.ts';
import type { Resource } from './model/model.ts';
import { refuse } from './model/refusal.ts';
import { statusOf } from './rules/statuses.ts';

/** Statuses in which an operating system, or its loader, has something to say. */
const speakingStatuses: readonly string[] = ['active', 'degraded', 'paused', 'terminated'];

/** Opens the operating system messages interface anew: a load begins. */
export function openConsole(context: HmcContext, partition: Resource): void {
  context.consoles.set(partition.uri, { messages: [] });
}

/** Closes the interface: the partition gave its resources back. */
export function closeConsole(context: HmcContext, partition: Resource): void {
  context.consoles.delete(partition.uri);
}

/** Adds messages, numbered from 1 in each activation. */
export function say(context: HmcContext, partition: Resource, texts: readonly string[]): void {
  const messages = context.consoles.get(partition.uri)?.messages;
  for (const text of texts) {
    messages?.push({ sequenceNumber: messages.length + 1, text, timestamp: context.clock.now() });
  }
}

/** The messages from one sequence number to another, as List OS Messages shows them; 409.332 when there is no interface. */
export function listMessages(context: HmcContext, partition: Resource, first = 0, last = Infinity): Props[] {
  const { messages } = requireConsole(context, partition);
  const chosen = messages.filter(({ sequenceNumber }) => first <= sequenceNumber && sequenceNumber <= last);
  return chosen.map(({ sequenceNumber, text, timestamp }) => ({
    'sequence-number': sequenceNumber,
    'message-id': sequenceNumber,
    'message-text': `${text}\n`,
    timestamp,
    'sound-alarm': false,
    'is-priority': false,
    'is-held': false,
    'prompt-text': null,
    'os-name': typeof partition.props['os-name'] === 'string' ? partition.props['os-name'] : '',
    'is-refresh': true,
  }));
}

/** The interface of an activated partition that has loaded something, or tried to; else 409.332. */
export function requireConsole(
  context: HmcContext,
  partition: Resource,
): { messages: { sequenceNumber: number; text: string; timestamp: number }[] } {
  const console = context.consoles.get(partition.uri);
  if (console !== undefined && speakingStatuses.includes(statusOf(partition))) return console;
  return refuse('osInterfaceUnavailable', 'the operating system messages interface is not available');
}
