import { createRandom, type FaultEngine, type Random } from '../server/index.ts';
import type { San } from '../san/index.ts';
import type { MountedImage } from './images/iso.ts';
import { AsciiConsoles } from './ascii-console.ts';
import type { GuestTerminal } from './guest-shell.ts';
import { Jobs } from './jobs.ts';
import { levelOfVersion, storageManagementFeature } from './machines.ts';
import { Agenda, systemClock, type Clock } from './model/clock.ts';
import { IdSource, WwpnPool } from './model/identifiers.ts';
import { objectsOf, textOf } from './model/json.ts';
import { HmcModel, type Resource } from './model/model.ts';
import { reasonTable, type ReasonTable } from './model/refusal.ts';
import type { HmcOptions, HmcSurroundings, HmcTiming, HmcUser } from './options.ts';
import type { HmcLevel, OsConsole, OsMessage } from './model/kept.ts';
import type { FcpGroupState } from './model/fcp-group.ts';
import { Sessions } from './sessions.ts';

export type { HmcLevel, OsConsole };

/** What happens beside the resources of the model. */
export interface Notices {
  readonly jobEnded: (uri: string, sessionId: string) => void;
  /** Without an id, all sessions have ended. */
  readonly sessionEnded: (id: string | undefined) => void;
  readonly said: (partition: Resource, messages: readonly OsMessage[]) => void;
}

const noNotices: Notices = { jobEnded: () => undefined, sessionEnded: () => undefined, said: () => undefined };

/** Times of which all are known. */
export type Timing = Required<HmcTiming>;

const noTime: Timing = {
  startMs: 0,
  stopMs: 0,
  statusLagMs: 0,
  jobMs: 0,
  cancelMs: 0,
  discoveryMs: 0,
  discoveryIntervalMs: 600_000,
  stallMs: Infinity,
  jobRetentionMs: Infinity,
  sessionIdleMs: Infinity,
  shutdownMs: 0,
};

/** The user of a simulator that was told of none. */
const defaultUser: HmcUser = { userid: 'nova', password: 'nova-on-z' };

/** All that the HMC's operations work on. */
export class HmcContext {
  readonly options: HmcOptions;
  readonly san: San;
  readonly faults: FaultEngine;
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly timing: Timing;
  readonly model = new HmcModel();
  readonly sessions: Sessions;
  readonly jobs: Jobs;
  readonly ids: IdSource;
  readonly random: Random;
  readonly wwpns: WwpnPool;
  readonly reasons: ReasonTable;
  readonly users: readonly HmcUser[];
  readonly hmc: HmcLevel;
  /** Fabric of the SAN that each FCP port is cabled to, by port URI. */
  readonly cabling = new Map<string, string>();
  /** What FCP storage groups know beside their properties, by URI. */
  readonly fcpGroups = new Map<string, FcpGroupState>();
  /** API features of each CPC, by its URI; none where the operation that lists them does not exist. */
  readonly cpcApiFeatures = new Map<string, readonly string[]>();
  /** Operating system messages by partition URI, while the partition is activated. */
  readonly consoles = new Map<string, OsConsole>();
  /** Mounted ISO images by partition URI. */
  readonly images = new Map<string, MountedImage>();
  readonly asciiConsoles = new AsciiConsoles();
  /** Who is told of jobs, sessions and messages; nobody without a message broker. */
  notices: Notices = noNotices;
  /** Terminals of the guests behind their ASCII consoles, by partition URI; gone when the partition is stopped. */
  readonly terminals = new Map<string, GuestTerminal>();

  constructor(options: HmcOptions, surroundings: HmcSurroundings, hmc: HmcLevel) {
    this.options = options;
    this.hmc = hmc;
    this.san = surroundings.san;
    this.faults = surroundings.faults;
    this.clock = surroundings.clock ?? systemClock;
    this.agenda = new Agenda(this.clock);
    this.timing = { ...noTime, ...options.timing };
    this.users = options.users ?? [defaultUser];
    this.sessions = new Sessions(this.clock, this.users, this.timing.sessionIdleMs, (id) => {
      this.asciiConsoles.endSession(id);
      this.notices.sessionEnded(id);
    });
    this.reasons = { ...reasonTable, ...options.reasons };
    const seed = surroundings.seed ?? 1;
    this.random = createRandom(seed);
    this.ids = new IdSource(createRandom(seed + 1));
    this.wwpns = new WwpnPool(createRandom(seed + 2), options.reuseWwpns ?? false);
    this.jobs = new Jobs({
      clock: this.clock,
      agenda: this.agenda,
      nextId: () => this.ids.next(),
      codeOf: (condition) => this.reasons[condition],
      cancelMs: this.timing.cancelMs,
      retentionMs: this.timing.jobRetentionMs,
      onEnd: (uri, sessionId) => this.notices.jobEnded(uri, sessionId),
    });
  }

  /** Whether a user has object access. Elements follow the object that they belong to. */
  canSee(user: HmcUser, resource: Resource): boolean {
    const { hidden = [] } = user;
    if (hidden.includes(resource.uri) || hidden.includes(textOf(resource.props, 'name'))) return false;
    const parent = this.model.parentOf(resource);
    const isElement = parent !== undefined && parent.class !== 'cpc' && parent.class !== 'console';
    return !isElement || this.canSee(user, parent);
  }

  /** The CPC that a resource of it belongs to. */
  cpcOf(resource: Resource): Resource {
    const parent = this.model.parentOf(resource);
    return parent === undefined ? resource : this.cpcOf(parent);
  }

  /** Generation of the CPC that a resource belongs to: 13 to 17. */
  levelOf(resource: Resource): number {
    return levelOfVersion(textOf(this.cpcOf(resource).props, 'se-version'));
  }

  /** Generation of the CPC that a storage group is for. */
  levelOfGroup(group: Resource): number {
    const cpc = this.model.find('cpc', textOf(group.props, 'cpc-uri'));
    return cpc === undefined ? this.hmc.level : this.levelOf(cpc);
  }

  /** Whether the CPC has storage groups instead of vHBAs. */
  hasStorageManagement(resource: Resource): boolean {
    const features = objectsOf(this.cpcOf(resource).props, 'available-features-list');
    return features.some(({ name, state }) => name === storageManagementFeature && state === true);
  }

  /** Whether the HMC's API is at least of this version. */
  hasApi(major: number, minor: number): boolean {
    const [ownMajor, ownMinor] = this.hmc.apiVersion;
    return ownMajor > major || (ownMajor === major && ownMinor >= minor);
  }
}
