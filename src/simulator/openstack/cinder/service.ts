import type { StruckFault } from '../../server/index.ts';
import type { Image } from '../glance/images.ts';
import type { VolumeDriver } from './driver.ts';
import type { Microversion } from './microversion.ts';
import type { CinderState, Viewer } from './state.ts';

/**
 * What Nova would say when Cinder asks it about an attachment (cinder/volume/api.py attachment_deletion_allowed).
 * @public
 */
export type NovaAnswer = 'uses' | 'unknown' | 'absent' | 'down';

/**
 * How long the volume service takes, in milliseconds; a status is due when it is read, no timer runs.
 * @public
 */
export interface CinderTiming {
  /** Until a back-end is chosen; a volume deleted before is simply gone. */
  readonly scheduleMs: number;
  /** From the request until `available`, the choice of a back-end included. */
  readonly createMs: number;
  /** From the end of the creation of a disk until the image is on it; the status is `downloading`. */
  readonly downloadMs: number;
  readonly deleteMs: number;
  readonly extendMs: number;
}

/**
 * Limits of each project.
 * @public
 */
export interface CinderQuota {
  readonly volumes: number;
  readonly gigabytes: number;
}

/** What the handlers work on. */
export interface CinderService {
  readonly state: CinderState;
  readonly driver: VolumeDriver;
  readonly nova: NovaAnswer;
  readonly timing: CinderTiming;
  readonly quota: CinderQuota;
  readonly types: Map<string, VolumeType>;
  /** Those of Glance. */
  readonly images: readonly Image[];
  readonly maximum: Microversion;
  /** Status with which the attachments API reports a connector that the driver refuses. */
  readonly refusedConnectorStatus: 400 | 500;
}

/** A volume type. */
export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

/** Who asks, and what: a request after authentication and version negotiation. */
export interface ApiRequest extends Viewer {
  readonly userId: string;
  /** A valid service token came along. */
  readonly isService: boolean;
  readonly microversion: Microversion;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** `http://host:port` as the client wrote it, for links. */
  readonly baseUrl: string;
  /** Path as the client wrote it, for links to the next page. */
  readonly path: string;
  readonly fault: StruckFault | undefined;
}

/** Release 2023.2, the first with 3.71, tells `enforce_multipath` in every answer (inferred from the two releases read). */
export const ALWAYS_ENFORCE_MULTIPATH: Microversion = 71;
