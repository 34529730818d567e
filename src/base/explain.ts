import { DpmError, findError, toError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { blankKnownSecrets } from './secret.ts';

const operations = new WeakMap<Error, string>();

/**
 * Remembers which operation failed with an error. {@link explainError} begins with it.
 *
 * @param what - such as `start server "web1"`
 */
export function failedTo(what: string, error: Error): Error {
  operations.set(error, what);
  return error;
}

/**
 * Describes a failure to people in one or two sentences: which operation failed, its deepest cause, and what was done about
 * it. {@link describeError} has the whole chain of causes, for the log and the journal. Secrets are blanked.
 */
export function explainError(thrown: unknown): string {
  return blankKnownSecrets(sentences(thrown));
}

function sentences(thrown: unknown): string {
  const error = toError(thrown);
  if (error instanceof AggregateError) return `${error.message}. ${error.errors.map(sentences).map(ended).join(' ')}`;
  if (error instanceof DpmError && error.code === 'INTERRUPTED') return error.message;
  const flow = findError(error, 'FLOW_STUCK', 'FLOW_WAITING', 'FLOW_ROLLED_BACK');
  const what = operations.get(error) ?? flow?.facts.operation;
  const reason = reasonOf(flow?.cause ?? error);
  const failed = typeof what === 'string' ? `Cannot ${what}: ${reason}` : flow ? `${flow.message}: ${reason}` : reason;
  return flow === undefined ? failed : `${ended(failed)} ${outcomeOf(flow)}`.trimEnd();
}

/** What was done about the failure of a flow. */
function outcomeOf(flow: DpmError): string {
  if (flow.code === 'FLOW_ROLLED_BACK') return 'Everything was rolled back.';
  const undoError: unknown = flow.cause instanceof AggregateError ? flow.cause.errors[1] : undefined;
  const { waitsFor } = flow.facts;
  if (typeof waitsFor === 'string') {
    return `${undoError === undefined ? 'The rest of it' : 'The rollback'} waits for ${waitsFor}.`;
  }
  return undoError === undefined ? '' : `It cannot be rolled back: ${ended(reasonOf(undoError))}`;
}

/** Errors that only wrap their cause. */
const wrappers: ReadonlySet<ErrorCode> = new Set([
  'RETRIES_EXHAUSTED',
  'NOTHING_CHANGED',
  'FLOW_ROLLED_BACK',
  'FLOW_STUCK',
  'FLOW_WAITING',
]);

/** Errors of a request or a step: their deepest cause says more than they do. */
const technical: ReadonlySet<ErrorCode> = new Set([
  'HMC_CONNECTION',
  'HMC_HTTP',
  'HMC_AUTH',
  'CINDER_CONNECTION',
  'CINDER_HTTP',
  'CINDER_AUTH',
  'VOLUME_ATTACH',
  'VOLUME_DETACH',
]);

/** Returns the deepest cause, with the outermost error in parentheses where it adds something. */
function reasonOf(thrown: unknown): string {
  const parts: { readonly text: string; readonly isTechnical: boolean }[] = [];
  let current: unknown = thrown;
  for (let depth = 0; depth < 20 && current !== undefined && current !== null; depth += 1) {
    if (current instanceof AggregateError) {
      const [first, ...others] = current.errors as readonly unknown[];
      // The second error is of the undo: outcomeOf says so.
      if (others.length > 0 && !(thrown instanceof AggregateError)) parts.push(technicalPart(pairText(current)));
      else parts.push(technicalPart(reasonOf(first)));
      break;
    }
    const error = toError(current);
    if (!(error instanceof DpmError)) parts.push(technicalPart(error.message || error.name));
    else if (!wrappers.has(error.code)) {
      const text = textOf(error);
      parts.push({ text, isTechnical: technical.has(error.code) });
      if (text !== error.message) break; // the text of its cause is in it
    }
    current = error.cause;
  }
  return joined(parts) ?? toError(thrown).message;
}

const technicalPart = (text: string) => ({ text, isTechnical: true });

function joined(parts: readonly { readonly text: string; readonly isTechnical: boolean }[]): string | undefined {
  const [top, last] = [parts[0], parts.at(-1)];
  if (top === undefined || last === undefined) return undefined;
  if (top.text.includes(last.text)) return top.text;
  if (last.text.includes(top.text)) return last.text;
  return top.isTechnical ? `${last.text} (${top.text})` : `${top.text} (${last.text})`;
}

function pairText({ errors: [first, second] }: AggregateError): string {
  return `${reasonOf(first)}, and this could not be undone (${reasonOf(second)})`;
}

/** Returns the message of an error, in the usual order of words where it only names the operation and the answer. */
function textOf(error: DpmError): string {
  const { code, message, cause, facts } = error;
  if (code === 'CINDER_CONNECTION' && cause instanceof Error && 'reason' in cause && 'peer' in error)
    return `${String(error.peer)} at ${typeof facts.host === 'string' ? facts.host : 'an unknown host'}: ${String(cause.reason)}`;
  const answered = /^(.+?): (the HMC|Cinder|Glance) answered (.+)$/s.exec(message);
  if (answered !== null) {
    const [, what = '', peer = '', answer = ''] = answered;
    return `${peer} refused to ${what}: ${answer}`;
  }
  const logOn = /^log on to Keystone as (.+)$/s.exec(message)?.[1];
  if (logOn !== undefined) {
    const answer = cause instanceof Error ? /answered (.+)$/s.exec(cause.message)?.[1] : undefined;
    return `Keystone refused to log on ${logOn}${answer === undefined ? '' : `: ${answer}`}`;
  }
  return message;
}

/** Ends a sentence. */
export function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
