import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import type { AsciiConsole } from '../ascii-console.ts';
import { withQuery } from '../query.ts';
import type { Requester } from '../requester.ts';
import { noContent, uri as uriSchema } from '../wire/common.ts';
import { osMessagesAnswer } from '../wire/os-message.ts';
import type { OsMessage } from '../wire/os-message.ts';

/** Selects messages by their sequence numbers, both inclusive. @public */
export interface MessageRange {
  readonly begin?: number | undefined;
  readonly end?: number | undefined;
}

export async function readOsMessages(
  requester: Requester,
  uri: string,
  { begin, end }: MessageRange,
  w: Waiting,
): Promise<readonly OsMessage[]> {
  const query = { 'begin-sequence-number': begin?.toString(), 'end-sequence-number': end?.toString() };
  const call = {
    operation: 'List OS Messages of a Partition',
    what: `list OS messages of partition ${uri}`,
    kind: 'read',
    method: 'GET',
    uri: withQuery(`${uri}/operations/list-os-messages`, query),
    answer: osMessagesAnswer,
  } as const;
  const answer = await requester.call(call, w);
  return answer['os-messages'];
}

export async function sendOsCommand(requester: Requester, uri: string, command: string, w: Waiting): Promise<void> {
  const call = {
    operation: 'Send OS Command',
    what: `send a command to the operating system of partition ${uri}`,
    kind: 'action',
    method: 'POST',
    uri: `${uri}/operations/send-os-cmd`,
    body: { 'is-priority': false, 'operating-system-command-text': command },
    answer: noContent,
  } as const;
  await requester.call(call, w);
}

/** A path of this HMC, with the token that admits one client. */
const consoleUriAnswer = z.looseObject({ 'websocket-uri': uriSchema });

export async function openAsciiConsole(
  requester: Requester,
  uri: string,
  { force }: { readonly force: boolean },
  w: Waiting,
): Promise<AsciiConsole> {
  const what = `open the console of partition ${uri}`;
  const call = {
    operation: 'Get ASCII Console WebSocket URI',
    what,
    kind: 'action',
    method: 'POST',
    uri: `${uri}/operations/get-ascii-console-websocket-uri`,
    body: { 'force-takeover': force },
    answer: consoleUriAnswer,
  } as const;
  const { 'websocket-uri': path } = await requester.call(call, w);
  return await requester.openConsole(what, path, w);
}
