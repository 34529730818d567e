import { randomBytes } from 'node:crypto';

import type { MetricGroupName } from './metrics/groups.ts';
import type { Clock } from './model/clock.ts';
import { refuse } from './model/refusal.ts';
import type { HmcUser } from './options.ts';

/** What a logon gives. `id` and `credential` are secrets. */
export interface Session {
  readonly id: string;
  readonly credential: string;
  readonly user: HmcUser;
  readonly topic: string;
  readonly jobTopic: string;
  /** Topics of OS messages by partition URI. */
  readonly osTopics: Map<string, OsTopic>;
  /** Notifications that have been published to the topics of this session. */
  notifications: number;
  /** Metrics contexts by id, with those that have been deleted. */
  readonly metricsContexts: Map<string, MetricsContext>;
  lastUsed: number;
}

/** The topic of the messages of one partition's operating system. */
export interface OsTopic {
  readonly name: string;
  /** Whether a subscriber first gets the messages that exist already. */
  readonly includesRefresh: boolean;
}

/** Who is logged on at the message broker: a session, or a user with all sessions. */
export type BrokerLogin = { readonly sessionId: string } | { readonly userid: string };

/** From IBM's sample user: `disable-delay` is one minute. */
const disableDelayMs = 60_000;

/** Which groups of metrics a client reads again and again. */
interface MetricsContext {
  readonly groups: readonly MetricGroupName[];
  isValid: boolean;
}

interface Account {
  user: HmcUser;
  password: string;
  passwordExpired: boolean;
  failedLogons: number;
  disabledUntil: number;
}

/** Users, and the sessions that are logged on. */
export class Sessions {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #accounts: Map<string, Account>;
  readonly #sessions = new Map<string, Session>();
  readonly #onEnd: (id?: string) => void;
  #topics = 0;

  /** @param onEnd - called when a session has ended; without an id when all have */
  constructor(
    clock: Clock,
    users: readonly HmcUser[],
    idleMs = Infinity,
    onEnd: (id?: string) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#idleMs = idleMs;
    this.#accounts = new Map(users.map((user) => [user.userid.toLowerCase(), newAccount(user)]));
  }

  /** Sessions that are logged on, of one user or of all. */
  count(userid?: string): number {
    this.#endIdle();
    return [...this.#sessions.values()].filter(({ user }) => userid === undefined || user.userid === userid).length;
  }

  /** Opens a session, or refuses with 403.0, 403.40, 403.41, 400.45 or 400.13. */
  logon(userid: string, password: string, newPassword?: string): Session {
    const account = this.#checkPassword(userid, password);
    const { user } = account;
    if (user.withoutWebServices === true) refuse('webServicesNotAllowed', 'the user may not use the Web Services API');
    if (newPassword !== undefined) this.#changePassword(account, newPassword);
    if (account.passwordExpired) refuse('passwordExpired', 'the password has expired');
    if (this.count(user.userid) >= (user.maxSessions ?? 1000))
      refuse('tooManySessions', 'the user has too many sessions');
    return this.#open(user);
  }

  /** The session of this id, or 403.4 without and 403.5 with an unknown one. */
  use(id: string | undefined): Session {
    this.#endIdle();
    if (id === undefined || id === '') refuse('sessionMissing', 'the request has no X-API-Session header');
    const session = this.#sessions.get(id) ?? refuse('sessionUnknown', 'the session id is not valid');
    session.lastUsed = this.#clock.now();
    return session;
  }

  /** All sessions, without those that have idled for too long. */
  all(): Session[] {
    this.#endIdle();
    return [...this.#sessions.values()];
  }

  /** When the next session ends if nobody uses it; infinity if none does. */
  get nextIdleEnd(): number {
    const times = [...this.#sessions.values()].map(({ lastUsed }) => lastUsed + this.#idleMs + 1);
    return Math.min(Infinity, ...times);
  }

  /**
   * Logs on at the message broker, with a session and its credential, or with a user and its password (python-zhmcclient
   * _notification.py, NotificationReceiver). Neither counts as use of a session (inferred).
   */
  logonAtBroker(login: string, passcode: string): BrokerLogin {
    const session = this.#sessions.get(login);
    if (session?.credential === passcode) return { sessionId: session.id };
    if (session !== undefined) return refuse('badCredentials', 'logon failed');
    const { user } = this.#checkPassword(login, passcode);
    if (user.withoutWebServices === true) refuse('webServicesNotAllowed', 'the user may not use the Web Services API');
    return { userid: user.userid };
  }

  /** Ends a session; an unknown one is none. */
  end(id: string | undefined): void {
    if (this.#sessions.delete(id ?? '')) this.#onEnd(id);
  }

  /** Ends all sessions, as a restart of the HMC does. */
  endAll(): void {
    this.#sessions.clear();
    this.#onEnd();
  }

  #checkPassword(userid: string, password: string): Account {
    const account = this.#accounts.get(userid.toLowerCase()) ?? refuse('badCredentials', 'logon failed');
    const isDisabled = account.user.disabled === true || account.disabledUntil > this.#clock.now();
    if (isDisabled) refuse('userDisabled', 'the user is disabled');
    if (account.password !== password) this.#countFailure(account);
    account.failedLogons = 0;
    return account;
  }

  #countFailure(account: Account): never {
    account.failedLogons += 1;
    if (account.failedLogons >= (account.user.maxFailedLogons ?? 3)) {
      account.failedLogons = 0;
      account.disabledUntil = this.#clock.now() + disableDelayMs;
    }
    return refuse('badCredentials', 'logon failed');
  }

  #changePassword(account: Account, password: string): void {
    account.password = password;
    account.passwordExpired = false;
  }

  #open(user: HmcUser): Session {
    this.#topics += 1;
    const topic = `${user.userid}.${this.#topics}`;
    const session: Session = {
      id: randomBytes(24).toString('base64url'),
      credential: randomBytes(24).toString('base64url'),
      user,
      topic,
      jobTopic: `${topic}job`,
      osTopics: new Map(),
      notifications: 0,
      metricsContexts: new Map(),
      lastUsed: this.#clock.now(),
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  #endIdle(): void {
    const oldest = this.#clock.now() - this.#idleMs;
    for (const session of this.#sessions.values()) if (session.lastUsed < oldest) this.end(session.id);
  }
}

/** Tasks that bring a session the topics of the logs of the HMC (inferred from the tasks for the same logs). */
const logTopics = [
  { type: 'audit-notification', suffix: 'aud', task: 'Audit and Log Management' },
  { type: 'security-notification', suffix: 'sec', task: 'View Security Logs' },
];

/** The topics that a session has from its logon on. */
export function topicsOf({ topic, jobTopic, user }: Session): { readonly type: string; readonly name: string }[] {
  const logs = logTopics.filter(({ task }) => user.withoutTasks?.includes(task) !== true);
  return [
    { type: 'object-notification', name: topic },
    { type: 'job-notification', name: jobTopic },
    ...logs.map(({ type, suffix }) => ({ type, name: `${topic}${suffix}` })),
  ];
}

function newAccount(user: HmcUser): Account {
  const passwordExpired = user.passwordExpired ?? false;
  return { user, password: user.password, passwordExpired, failedLogons: 0, disabledUntil: 0 };
}
