import type { MountedImage } from '../images/iso.ts';
import type { FcpGroupState } from './fcp-group.ts';
import type { WwpnState } from './identifiers.ts';
import type { Resource } from './model.ts';

/** Level of the HMC itself; the machines that it manages may be older. */
export interface HmcLevel {
  readonly name: string;
  /** 13 to 17. */
  readonly level: number;
  readonly version: string;
  readonly apiVersion: readonly [major: number, minor: number];
}

/** What of an HMC survives its process: the machine and its storage groups. Sessions and jobs do not. */
export interface KeptHmc {
  readonly level: HmcLevel;
  readonly resources: readonly Pick<Resource, 'class' | 'parent' | 'props'>[];
  readonly cabling: ReadonlyMap<string, string>;
  readonly fcpGroups: ReadonlyMap<string, FcpGroupState>;
  readonly cpcApiFeatures: ReadonlyMap<string, readonly string[]>;
  readonly consoles: ReadonlyMap<string, OsConsole>;
  /** Missing in the state of an older simulator. */
  readonly images?: ReadonlyMap<string, MountedImage>;
  readonly wwpns: WwpnState;
}

/** What the operating system messages interface of an activated partition holds. */
export interface OsConsole {
  readonly messages: OsMessage[];
}

/** One operating system message. */
export interface OsMessage {
  readonly sequenceNumber: number;
  readonly text: string;
  readonly timestamp: number;
}
