import { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import { uri } from './common.ts';

/**
 * A notification of the HMC. `uri` is that of the object; of a job for `job-completion`.
 *
 * Source: IBM WS API, Notification message formats; python-zhmcclient _notification.py and _auto_updater.py.
 *
 * @public
 */
export type HmcNotification =
  | { readonly kind: 'job-completion'; readonly uri: string }
  /** `status` is undefined if only other parts of the status have changed. */
  | {
      readonly kind: 'status-change';
      readonly uri: string;
      readonly class: string;
      readonly status: string | undefined;
    }
  /** The new values by the names of the properties. */
  | {
      readonly kind: 'property-change';
      readonly uri: string;
      readonly class: string;
      readonly values: ReadonlyMap<string, unknown>;
    }
  /** An HMC may repeat `add` for an object that exists. */
  | {
      readonly kind: 'inventory-change';
      readonly uri: string;
      readonly class: string;
      readonly action: 'add' | 'remove';
    };

const common = {
  'session-sequence-nr': z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
  class: z.string().max(100),
  'object-uri': uri,
  'element-uri': uri.nullish(),
};

const headersSchema = z.discriminatedUnion('notification-type', [
  z.looseObject({
    'notification-type': z.literal('job-completion'),
    'session-sequence-nr': common['session-sequence-nr'],
    'job-uri': uri,
  }),
  z.looseObject({ 'notification-type': z.literal('status-change'), ...common }),
  z.looseObject({ 'notification-type': z.literal('property-change'), ...common }),
  z.looseObject({ 'notification-type': z.literal('inventory-change'), ...common, action: z.enum(['add', 'remove']) }),
]);

const statusReports = z.looseObject({
  'change-reports': z.array(z.looseObject({ 'new-status': z.string().nullish() })),
});
const propertyReports = z.looseObject({
  'change-reports': z.array(z.looseObject({ 'property-name': z.string(), 'new-value': z.unknown() })),
});

/** A parsed message: its number in the session, and what it says. */
interface Parsed {
  readonly sequenceNr: number;
  /** Undefined for a kind of notification that this client does not use. */
  readonly notification: HmcNotification | undefined;
}

const numbered = z.looseObject({ 'session-sequence-nr': common['session-sequence-nr'] });
const used: ReadonlySet<string | undefined> = new Set(
  headersSchema.options.map(({ shape }) => shape['notification-type'].value),
);

/** Parses the headers and the body of a message. @throws an error when the message has another form */
export function parseNotification(headers: Readonly<Record<string, string>>, body: string): Parsed {
  if (!used.has(headers['notification-type']))
    return { sequenceNr: numbered.parse(headers)['session-sequence-nr'], notification: undefined };
  const parsed = headersSchema.parse(headers);
  return { sequenceNr: parsed['session-sequence-nr'], notification: toNotification(parsed, body) };
}

function toNotification(headers: z.output<typeof headersSchema>, body: string): HmcNotification {
  const kind = headers['notification-type'];
  if (kind === 'job-completion') return { kind, uri: headers['job-uri'] };
  const about = { uri: headers['element-uri'] ?? headers['object-uri'], class: headers.class };
  if (kind === 'inventory-change') return { kind, ...about, action: headers.action };
  const json = parseForeignJson(body);
  // The reports are in order: the last one counts.
  if (kind === 'status-change') {
    const reports = statusReports.parse(json)['change-reports'];
    return { kind, ...about, status: reports.findLast((report) => report['new-status'])?.['new-status'] ?? undefined };
  }
  const reports = propertyReports.parse(json)['change-reports'];
  return { kind, ...about, values: new Map(reports.map((each) => [each['property-name'], each['new-value']])) };
}
