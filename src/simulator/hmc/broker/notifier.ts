import { isDeepStrictEqual } from 'node:util';

import type { HmcContext, Notices } from '../context.ts';
import { isObject, textOf, type Json, type Props } from '../model/json.ts';
import type { OsMessage } from '../model/kept.ts';
import type { ModelObserver, Resource } from '../model/model.ts';
import { showMessage } from '../os-console.ts';
import type { Session } from '../sessions.ts';
import { statusOf } from '../rules/statuses.ts';
import { hasUnacceptableStatus } from '../views/partition-view.ts';
import type { Message } from './connection.ts';
import {
  listedIn,
  reportedElements,
  silentProperties,
  statusClasses,
  writeOnlyProperties,
} from './notification-table.ts';

/** Headers of a message before it has its sequence numbers. */
type Headers = Readonly<Record<string, string>>;

/** Something that has happened, for the sessions that may know of it. */
interface Notice {
  /** Decided when it happened: afterwards, the resource may be gone. */
  readonly receivers: readonly Session[];
  readonly topicOf: (session: Session) => string | undefined;
  readonly headers: () => Headers;
  /** `null`: no body. */
  readonly body: () => Props | null;
}

interface Change {
  readonly before: Json | undefined;
  after: Json | undefined;
}

/**
 * Makes notifications of what happens on the HMC, and publishes them to the topics of each session that may see the
 * resource. All of one request are published together, before its answer: notifications usually arrive before the answer
 * (python-zhmcclient docs/concepts.rst).
 *
 * Sources: IBM WS API, Notification message formats: Property change, Job completion (Z16M-A01), Inventory change,
 * Property change as event (3931-LA1), Operating system message (3932-LA2); python-zhmcclient _auto_updater.py and
 * tests/unit/zhmcclient/test_auto_updater.py for status changes. Inferred: `session-sequence-nr` counts the notifications
 * to all topics of one API session, `global-sequence-nr` those of the HMC; several changes of one property within one
 * request are one change.
 */
export class Notifier implements ModelObserver, Notices {
  readonly #context: HmcContext;
  readonly #publish: (session: Session, topic: string, message: Message) => void;
  readonly #onSessionEnd: (id: string | undefined) => void;
  #pending: Notice[] = [];
  /** Property changes of this round by resource, and resources that are new in it. */
  readonly #changes = new Map<Resource, Map<string, Change>>();
  readonly #new = new Set<Resource>();
  #count = 0;

  constructor(
    context: HmcContext,
    publish: (session: Session, topic: string, message: Message) => void,
    onSessionEnd: (id: string | undefined) => void,
  ) {
    this.#context = context;
    this.#publish = publish;
    this.#onSessionEnd = onSessionEnd;
  }

  /** @internal */
  changed(resource: Resource, name: string, before: Json | undefined, after: Json | undefined): void {
    if (silentProperties.includes(name)) return;
    if (name === 'status' && statusClasses.includes(resource.class)) {
      const report = statusReport(resource, before, after);
      this.#announce(resource, { 'notification-type': 'status-change' }, { 'change-reports': [report] });
      return;
    }
    if (!this.#new.has(resource)) this.#noteChange(resource, name, before, after);
  }

  /** @internal */
  added(resource: Resource): void {
    this.#new.add(resource);
    this.#announceInventory(resource, 'add');
  }

  /** @internal */
  removing(resource: Resource): void {
    this.#announceInventory(resource, 'remove');
  }

  /** @internal */
  jobEnded(uri: string, sessionId: string): void {
    this.#add({
      receivers: this.#context.sessions.all().filter(({ id }) => id === sessionId),
      topicOf: ({ jobTopic }) => jobTopic,
      headers: () => ({ 'notification-type': 'job-completion', 'job-uri': uri }),
      body: () => null,
    });
  }

  /** @internal */
  sessionEnded(id: string | undefined): void {
    this.#onSessionEnd(id);
  }

  /** @internal */
  said(partition: Resource, messages: readonly OsMessage[]): void {
    if (messages.length === 0) return;
    const notice = this.#osNotice(partition, messages, false);
    this.#add({
      ...notice,
      receivers: this.#context.sessions.all().filter(({ osTopics }) => osTopics.has(partition.uri)),
    });
  }

  /** Publishes what a partition has said so far, to the topic of one session. */
  repeat(session: Session, partition: Resource): void {
    const messages = this.#context.consoles.get(partition.uri)?.messages ?? [];
    if (messages.length > 0) this.#add({ ...this.#osNotice(partition, messages, true), receivers: [session] });
  }

  /** Publishes everything that has happened. */
  flush(): void {
    const [pending, known] = [this.#pending, this.#context.sessions.all()];
    this.#pending = [];
    const ready = pending.map((notice) => ({ ...notice, headers: notice.headers(), body: notice.body() }));
    this.#changes.clear();
    this.#new.clear();
    for (const { receivers, topicOf, headers, body } of ready) {
      if (isEmptyReport(body)) continue;
      const content = body === null ? null : JSON.stringify(body);
      for (const session of receivers.filter((each) => known.includes(each))) {
        const topic = topicOf(session);
        if (topic !== undefined) this.#send(session, topic, headers, content);
      }
    }
  }

  #send(session: Session, topic: string, headers: Headers, body: string | null): void {
    const numbers = {
      'session-sequence-nr': String(session.notifications),
      'global-sequence-nr': String(this.#count),
    };
    session.notifications += 1;
    this.#count += 1;
    const timestamp = String(this.#context.clock.now());
    this.#publish(session, topic, {
      headers: { ...headers, ...numbers, timestamp, expires: '0', priority: '4' },
      body,
    });
  }

  #add(notice: Notice): void {
    if (this.#pending.length === 0) queueMicrotask(() => this.flush());
    this.#pending.push(notice);
  }

  #announce(resource: Resource, headers: Headers, body: Props | null): void {
    const all = { ...headers, ...this.#identify(resource) };
    const receivers = this.#viewersOf(resource);
    this.#add({ receivers, topicOf: ({ topic }) => topic, headers: () => all, body: () => body });
  }

  #announceInventory(resource: Resource, action: 'add' | 'remove'): void {
    if (isElement(resource) && !reportedElements.includes(resource.class)) return;
    this.#announce(resource, { 'notification-type': 'inventory-change', action }, null);
    const list = listedIn[resource.class];
    const parent = this.#context.model.parentOf(resource);
    if (list === undefined || parent === undefined || this.#new.has(parent)) return;
    if (action === 'add') this.#noteChange(parent, list, [], [resource.uri]);
    else this.#noteChange(parent, list, [resource.uri], []);
  }

  #noteChange(resource: Resource, name: string, before: Json | undefined, after: Json | undefined): void {
    const known = this.#changes.get(resource) ?? this.#announceChanges(resource);
    const earlier = known.get(name);
    if (earlier === undefined) known.set(name, { before, after });
    else if (Object.values(listedIn).includes(name)) known.set(name, joined(earlier, before, after));
    else earlier.after = after;
  }

  #announceChanges(resource: Resource): Map<string, Change> {
    const changes = new Map<string, Change>();
    this.#changes.set(resource, changes);
    const identity = this.#identify(resource);
    const names = () => [...changes].filter(([, { before, after }]) => !isDeepStrictEqual(before, after));
    this.#add({
      receivers: this.#viewersOf(resource),
      topicOf: ({ topic }) => topic,
      headers: () => ({
        'notification-type': 'property-change',
        'property-names': ` ${names()
          .map(([name]) => name)
          .join(' ')} `,
        ...identity,
        name: textOf(resource.props, 'name'),
      }),
      body: () => ({ 'change-reports': names().map(([name, change]) => propertyReport(name, change)) }),
    });
    return changes;
  }

  #osNotice(partition: Resource, messages: readonly OsMessage[], isRefresh: boolean): Omit<Notice, 'receivers'> {
    return {
      topicOf: ({ osTopics }) => osTopics.get(partition.uri)?.name,
      headers: () => ({ 'notification-type': 'os-message', ...this.#identify(partition) }),
      body: () => ({ 'os-messages': messages.map((message) => showMessage(message, partition, isRefresh)) }),
    };
  }

  #viewersOf(resource: Resource): Session[] {
    return this.#context.sessions.all().filter(({ user }) => this.#context.canSee(user, resource));
  }

  /** For an element, `object-uri` and `object-id` are those of the object that it belongs to. */
  #identify(resource: Resource): Headers {
    const object = this.#objectOf(resource);
    const element = isElement(resource)
      ? { 'element-uri': resource.uri, 'element-id': textOf(resource.props, 'element-id') }
      : {};
    return {
      class: resource.class,
      name: textOf(resource.props, 'name'),
      'object-uri': object.uri,
      'object-id': textOf(object.props, 'object-id'),
      ...element,
    };
  }

  #objectOf(resource: Resource): Resource {
    const parent = isElement(resource) ? this.#context.model.parentOf(resource) : undefined;
    return parent === undefined ? resource : this.#objectOf(parent);
  }
}

function isElement({ props }: Resource): boolean {
  return props['element-uri'] !== undefined;
}

function statusReport(resource: Resource, before: Json | undefined, after: Json | undefined): Props {
  const acceptance =
    resource.class === 'partition' || resource.props['acceptable-status'] !== undefined
      ? { 'has-unacceptable-status': hasUnacceptableStatus(resource) }
      : {};
  return { 'old-status': before ?? null, 'new-status': after ?? statusOf(resource), ...acceptance };
}

/** Of a container, only the entries that were removed and added; `null` if there are none (IBM WS API, 3931-LA1). */
function propertyReport(name: string, { before = null, after = null }: Change): Props {
  const report = (old: Json, now: Json) => ({ 'property-name': name, 'old-value': old, 'new-value': now });
  if (writeOnlyProperties.includes(name)) return report(null, null);
  if (Array.isArray(before) || Array.isArray(after)) {
    return report(entriesWithout(before, after), entriesWithout(after, before));
  }
  return report(before, after);
}

function entriesWithout(value: Json, other: Json): Json {
  const others = Array.isArray(other) ? other : [];
  const rest = Array.isArray(value)
    ? value.filter((entry) => !others.some((each) => isDeepStrictEqual(each, entry)))
    : [];
  return rest.length === 0 ? null : rest;
}

/** Adds to the entries of a list that were removed and added. */
function joined({ before, after }: Change, removed: Json | undefined, added: Json | undefined): Change {
  const both = (one: Json = [], other: Json = []): Json[] => [one, other].flat(1);
  return { before: both(before, removed), after: both(after, added) };
}

function isEmptyReport(body: Props | null): boolean {
  if (!isObject(body)) return false;
  const reports = body['change-reports'];
  return Array.isArray(reports) && reports.length === 0;
}
