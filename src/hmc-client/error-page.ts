import { REASON_API_DISABLED, REASON_UNREADABLE } from './wire/reasons.ts';

/** Longest piece of a foreign page that is shown. */
const MAX_SHOWN = 120;

/**
 * What an answer says that is not JSON. An HMC answers some 5xx with an HTML page, among them that its Web Services API is
 * switched off (python-zhmcclient _session.py, `_result_object`); so does whatever stands before it. Of a page its title is
 * told, of other text nothing: it may repeat what was sent.
 */
export function readPage(text: string): { readonly reason: number; readonly hmcMessage: string } {
  if (/web services.{0,80}not.{0,20}enabled/is.test(text)) {
    return { reason: REASON_API_DISABLED, hmcMessage: 'the Web Services API is not enabled on this HMC' };
  }
  return { reason: REASON_UNREADABLE, hmcMessage: describePage(text) };
}

/** An answer that is not JSON, in a few words. */
export function describePage(text: string): string {
  if (!/<(?:!doctype\s+html|html|head|title|body)\b/i.test(text)) return 'the answer is not JSON';
  const [, title = ''] = /<title[^>]*>([^<]*)<\/title>/i.exec(text) ?? [];
  const words = oneLine(title);
  return words === '' ? 'the answer is an HTML page without a title' : `the answer is an HTML page: "${words}"`;
}

/** Foreign text in one line, cut where it gets long. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= MAX_SHOWN ? line : `${line.slice(0, MAX_SHOWN)}…`;
}
