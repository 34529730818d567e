import type { HmcContext } from './context.ts';
import type { OsMessage } from './model/kept.ts';
import type { Props } from './model/json.ts';
import type { Resource } from './model/model.ts';
import { refuse } from './model/refusal.ts';
import { statusOf } from './rules/statuses.ts';

/** Statuses in which an operating system, or its loader, has something to say. */
const speakingStatuses: readonly string[] = ['active', 'degraded', 'paused', 'terminated'];

/** Statuses in which an operating system listens (IBM WS API, Send OS Command, 3932-AGL). */
const listeningStatuses: readonly string[] = ['active', 'degraded'];

/**
 * The HMC keeps a limited amount of messages of each partition and drops the oldest; a gap in the sequence numbers shows
 * it (python-zhmcclient _partition.py, list_os_messages). The number is assumed.
 */
export const keptMessages = 1_000;

/** Opens the operating system messages interface anew: a load begins. */
export function openConsole(context: HmcContext, partition: Resource): void {
  context.consoles.set(partition.uri, { messages: [] });
}

/** Closes the interface and the ASCII console: the partition gave its resources back. */
export function closeConsole(context: HmcContext, partition: Resource): void {
  context.consoles.delete(partition.uri);
  context.terminals.delete(partition.uri);
  context.asciiConsoles.end(partition.uri, 'the partition was stopped');
}

/** Adds messages, numbered from 1 in each activation. */
export function say(context: HmcContext, partition: Resource, texts: readonly string[]): void {
  const messages = context.consoles.get(partition.uri)?.messages;
  if (messages === undefined) return;
  const first = (messages.at(-1)?.sequenceNumber ?? 0) + 1;
  const said = texts.map((text, index) => ({ sequenceNumber: first + index, text, timestamp: context.clock.now() }));
  messages.push(...said);
  messages.splice(0, messages.length - keptMessages);
  context.notices.said(partition, said);
}

/** The messages from one sequence number to another, as List OS Messages shows them; 409.332 when there is no interface. */
export function listMessages(context: HmcContext, partition: Resource, first = 0, last = Infinity): Props[] {
  const console = context.consoles.get(partition.uri);
  if (console === undefined || !speakingStatuses.includes(statusOf(partition))) return refuseInterface();
  const chosen = console.messages.filter(({ sequenceNumber }) => first <= sequenceNumber && sequenceNumber <= last);
  return chosen.map((message) => showMessage(message, partition, true));
}

/** A message as List OS Messages and the notifications show it. */
export function showMessage(
  { sequenceNumber, text, timestamp }: OsMessage,
  { props }: Resource,
  isRefresh: boolean,
): Props {
  return {
    'sequence-number': sequenceNumber,
    'message-id': sequenceNumber,
    'message-text': `${text}\n`,
    timestamp,
    'sound-alarm': false,
    'is-priority': false,
    'is-held': false,
    'prompt-text': null,
    'os-name': typeof props['os-name'] === 'string' ? props['os-name'] : '',
    'is-refresh': isRefresh,
  };
}

/** Demands an activated partition that has loaded something, or tried to: 409.332. */
export function requireConsole(context: HmcContext, partition: Resource): void {
  if (!context.consoles.has(partition.uri) || !speakingStatuses.includes(statusOf(partition))) refuseInterface();
}

/** Demands an operating system that takes commands: 409.332. */
export function requireListener(context: HmcContext, partition: Resource): void {
  if (!context.consoles.has(partition.uri) || !listeningStatuses.includes(statusOf(partition))) refuseInterface();
}

function refuseInterface(): never {
  return refuse('osInterfaceUnavailable', 'the operating system messages interface is not available');
}
