import { ConfigError, isReadableOnTheWay } from '../base/index.ts';
import type { Waiting, WaitPolicy } from '../base/index.ts';
import { volumeActions } from './actions.ts';
import type { VolumeActions } from './actions.ts';
import { Attachments } from './attachments.ts';
import type { AttachmentVerbs } from './attachments.ts';
import { checkAuth, checkServiceUser, keystoneRoot } from './auth-check.ts';
import { findEndpoint, readCatalogInfo } from './catalog.ts';
import { formatMicroversion, parseEndpoint, since } from './endpoint.ts';
import type { CinderAuth, CinderOptions } from './options.ts';
import { Glance } from './images.ts';
import { listVolumeTypes, volumeMessages } from './inventory.ts';
import { Resources } from './resources.ts';
import { CinderSession } from './session.ts';
import { fixedToken, KeystoneTokens } from './tokens.ts';
import type { Token, TokenSource } from './tokens.ts';
import type { CreateVolume, Image, ImageDetail, Volume, VolumeFilter, VolumeType } from './types.ts';
import * as volumes from './volumes.ts';
import { anyVolumes } from './wire/volume.ts';

/** The level of the server. @public */
export interface CinderLevel {
  /** The highest microversion of the server, for example `3.70`. */
  readonly microversion: string;
  /** Whether the server has the whole attachments flow, including `os-complete`: 3.44 and later. */
  readonly hasAttachments: boolean;
}

/** The result of {@link CinderClient.check}. @public */
export interface CinderCheck {
  /** Undefined without Keystone. */
  readonly keystone: string | undefined;
  readonly cinder: string;
  readonly microversion: string;
  readonly project: string | undefined;
  readonly user: string | undefined;
  readonly roles: readonly string[];
  /** When the token in use expires, in ISO 8601. */
  readonly expiresAt: string | undefined;
  /** Roles of the service user; Cinder requires `service`. Undefined when none is configured. */
  readonly serviceRoles: readonly string[] | undefined;
}

/**
 * A client of Cinder and its Keystone. {@link openCinder} sends no request: the client fetches tokens, endpoint and level
 * when they are first needed, and concurrent callers share them.
 *
 * @remarks Every call may throw CinderConnectionError, CinderHttpError, CinderAuthError or CinderSchemaError, or
 * RetriesExhaustedError with the last of them as its cause.
 * @public
 */
export interface CinderClient extends Disposable {
  readonly attachments: AttachmentVerbs;
  readonly actions: VolumeActions;
  level(w: Waiting): Promise<CinderLevel>;
  /** Finds a volume by ID, else by name. @throws ConflictError when several volumes have the name */
  findVolume(nameOrId: string, w: Waiting): Promise<Volume | undefined>;
  /** @throws NotFoundError */
  getVolume(id: string, w: Waiting): Promise<Volume>;
  listVolumes(filter: VolumeFilter, w: Waiting): Promise<readonly Volume[]>;
  /**
   * Returns the volume in status `creating`. Not retried after a lost response, because volume names are not unique: a
   * retry could create a second volume.
   */
  createVolume(volume: CreateVolume, w: Waiting): Promise<Volume>;
  /** Starts the deletion. Deleting a volume that is already gone succeeds. */
  deleteVolume(id: string, w: Waiting): Promise<void>;
  /**
   * Waits until the volume has one of these statuses.
   * @throws VolumeStateError when the volume has another error status, or at the timeout
   */
  waitForVolume(
    id: string,
    accept: readonly string[],
    policy: WaitPolicy,
    w: Waiting,
    /** Called with the status of each poll. */
    onStatus?: (status: string) => void,
  ): Promise<Volume>;
  /** Waits until a deleted volume is gone. @throws VolumeStateError */
  waitForVolumeGone(id: string, policy: WaitPolicy, w: Waiting): Promise<void>;
  listVolumeTypes(w: Waiting): Promise<readonly VolumeType[]>;
  /** Returns Cinder's messages about failed operations on the volume, newest first. */
  volumeMessages(id: string, w: Waiting): Promise<readonly string[]>;
  /**
   * Finds an image by ID, else by name, in the Glance of Keystone's catalog. Without a Glance there, returns an ID
   * unchecked.
   * @throws NotFoundError when no image matches or several do, ConfigError for a name without a Glance
   */
  findImage(nameOrId: string, w: Waiting): Promise<Image>;
  /** Returns an image of the same Glance. @throws NotFoundError, ConfigError without a Glance */
  getImage(id: string, w: Waiting): Promise<ImageDetail>;
  /**
   * Writes the content of an image into a file, and compares its size and sum with those that Glance has. The caller removes
   * the file.
   * @throws CinderSchemaError when the content is another one
   */
  downloadImage(image: ImageDetail, file: string, w: Waiting): Promise<void>;
  /** Makes one authenticated read, for `dpm doctor`. */
  check(w: Waiting): Promise<CinderCheck>;
}

/** Default of Nova's `[cinder] catalog_info`. */
const DEFAULT_CATALOG_INFO = 'volumev3::publicURL';

/**
 * Returns a client of Cinder without sending a request. Dispose of the client after use.
 *
 * @throws ConfigError when the options cannot be used
 * @public
 */
export function openCinder(options: CinderOptions): CinderClient {
  const { auth, serviceUser } = options;
  checkAuth(auth);
  checkServiceUser(serviceUser);
  const resources = new Resources(options);
  const tokens = openTokens(auth, resources);
  const session = new CinderSession(resources, {
    tokens,
    serviceTokens: serviceUser === undefined ? undefined : openTokens(serviceUser, resources),
    findUrl: urlFinder(options),
  });
  const glance = new Glance({ resources, tokens, findUrl: glanceFinder(options) });
  const actions = volumeActions(session);
  return {
    attachments: new Attachments(session, actions),
    actions,
    level: async (w) => {
      const maximum = await session.maximum(w);
      return { microversion: formatMicroversion(maximum), hasAttachments: maximum >= since.attachmentComplete };
    },
    findVolume: (nameOrId, w) => volumes.findVolume(session, nameOrId, w),
    getVolume: (id, w) => volumes.getVolume(session, id, w),
    listVolumes: (filter, w) => volumes.listVolumes(session, filter, w),
    createVolume: (volume, w) => volumes.createVolume(session, volume, w),
    deleteVolume: (id, w) => volumes.deleteVolume(session, id, w),
    waitForVolume: (id, accept, policy, w, onStatus) => volumes.waitForVolume(session, id, accept, policy, w, onStatus),
    waitForVolumeGone: (id, policy, w) => volumes.waitForVolumeGone(session, id, policy, w),
    listVolumeTypes: (w) => listVolumeTypes(session, w),
    volumeMessages: (id, w) => volumeMessages(session, id, w),
    findImage: (nameOrId, w) => glance.find(nameOrId, w),
    getImage: (id, w) => glance.get(id, w),
    downloadImage: (image, file, w) => glance.download(image, file, w),
    check: (w) => check(session, auth, w),
    [Symbol.dispose]: () => resources[Symbol.dispose](),
  };
}

function openTokens(auth: CinderAuth, resources: Resources): TokenSource {
  if (auth.type !== 'none') return new KeystoneTokens(auth, resources);
  // An endpoint in the form of catalogs contains the project.
  const endpoint = parseEndpoint(resources.options.endpointOverride ?? auth.endpoint);
  return fixedToken(auth.userId ?? 'admin', auth.projectId ?? endpoint.project);
}

/**
 * Returns a function that returns Cinder's URL, from the settings or from the catalog of the token. Checks the settings
 * at once.
 */
function urlFinder(options: CinderOptions): (token: Token) => string {
  const fixed = options.endpointOverride ?? (options.auth.type === 'none' ? options.auth.endpoint : undefined);
  if (fixed !== undefined) {
    parseEndpoint(fixed);
    return () => fixed;
  }
  const wish = readCatalogInfo(options.catalogInfo ?? DEFAULT_CATALOG_INFO, options.regionName, options.interface);
  return (token) => {
    const url = findEndpoint(token.catalog, wish);
    refuseDowngrade('Cinder', url, options);
    return url;
  };
}

/** Returns a function that finds Glance in the catalog of a token, in the same region and interface as Cinder. */
function glanceFinder(options: CinderOptions): (token: Token) => string | undefined {
  const { interfaces, region } = readCatalogInfo(
    options.catalogInfo ?? DEFAULT_CATALOG_INFO,
    options.regionName,
    options.interface,
  );
  return ({ catalog }) => {
    if (!catalog.some(({ type }) => type === 'image')) return undefined;
    const url = findEndpoint(catalog, { type: 'image', name: '', interfaces, region }, (each) => URL.canParse(each));
    refuseDowngrade('Glance', url, options);
    return url;
  };
}

/**
 * Rejects a catalog with an http URL if Keystone uses https: the network could read the token.
 *
 * @throws ConfigError
 */
function refuseDowngrade(service: 'Cinder' | 'Glance', url: string, { auth, tls }: CinderOptions): void {
  if (tls?.insecure === true || auth.type === 'none' || !URL.canParse(url)) return;
  if (!isReadableOnTheWay(url) || isReadableOnTheWay(auth.authUrl)) return;
  const remedy = service === 'Cinder' ? ', or set cinder.endpoint_override' : '';
  throw new ConfigError(
    `the catalog of Keystone has ${new URL(url).origin} for ${service}, which is plain http: expected https; have the catalog corrected${remedy}`,
    { option: 'cinder.endpoint_override' },
  );
}

async function check(session: CinderSession, auth: CinderAuth, w: Waiting): Promise<CinderCheck> {
  const path = '/volumes?limit=1';
  await session.read({ what: 'list one volume', kind: 'read', method: 'GET', path }, anyVolumes, w);
  const { user, service } = await session.tokens(w);
  return {
    keystone: auth.type === 'none' ? undefined : keystoneRoot(auth.authUrl),
    cinder: await session.url(w),
    microversion: formatMicroversion(await session.maximum(w)),
    project: user.project?.name,
    user: user.user,
    roles: user.roles,
    expiresAt: user.expiresAt,
    serviceRoles: service?.roles,
  };
}
