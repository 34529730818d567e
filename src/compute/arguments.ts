import { randomUUID } from 'node:crypto';
import { ConfigError, neverAborted } from '../base/index.ts';
import { checkOptions, loadOptionKinds, loadSettings } from '../config/index.ts';
import type { LoadOptions, OptionKinds, Settings } from '../config/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { CreateServer, ServerNetworkRequest, ServerVolumeRequest } from './requests.ts';

/** Returns the context of a caller that gave none: a new request ID, and no way to abort. */
export function newContext(): RequestContext {
  return { requestId: `req-${randomUUID()}`, signal: neverAborted() };
}

/**
 * Reads the arguments of a public function that takes settings and options, or one object that names the settings file
 * beside the options.
 *
 * @throws ConfigError naming what is wrong with an argument or a setting
 */
export function readArguments<T extends object>(
  of: string,
  first: Settings | (LoadOptions & T) | undefined,
  second: T | undefined,
  kinds: OptionKinds<T>,
  load: Pick<LoadOptions, 'withoutHmc'> = {},
): { readonly settings: Settings; readonly options: T } {
  if (isSettings(first)) {
    const options: unknown = orEmpty(second);
    checkOptions<T>(of, options, kinds);
    return { settings: first, options };
  }
  const given: unknown = orEmpty(first);
  checkOptions<LoadOptions & T>(of, given, { ...loadOptionKinds, ...kinds });
  const isForLoading = ([name]: [string, unknown]) => Object.hasOwn(loadOptionKinds, name);
  const entries = Object.entries(given) as [string, unknown][];
  const settings = loadSettings({ ...load, ...Object.fromEntries(entries.filter(isForLoading)) });
  // The kinds were checked above.
  return { settings, options: Object.fromEntries(entries.filter((entry) => !isForLoading(entry))) as T };
}

/** Only a missing argument means no options: `null` is an error of the caller. */
const orEmpty = (value: unknown = {}): unknown => value;

/** Settings are told from options by what only settings have. */
function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && 'statePath' in value && 'cinder' in value && 'dpm' in value;
}

const serverKinds: OptionKinds<CreateServer> = {
  name: 'string',
  vcpus: 'number',
  memoryMib: 'number',
  volumes: 'list',
  networks: 'list',
  start: 'boolean',
  storageGroup: 'object',
  bootFrom: 'object',
  properties: 'object',
};

const volumeKinds: OptionKinds<ServerVolumeRequest> = {
  volumeId: 'string',
  bootIndex: 'number',
  deleteOnTermination: 'boolean',
};

const networkKinds: OptionKinds<ServerNetworkRequest> = {
  network: 'string',
  address: 'string',
  gateway: 'string',
  dns: 'list',
  mac: 'string',
};

/** Checks the request of a caller without TypeScript. @throws ConfigError */
export function checkCreateServer(request: unknown): void {
  checkOptions<CreateServer>('create', request, serverKinds);
  const missing = (['name', 'vcpus', 'memoryMib', 'volumes'] as const).find((name) => !Object.hasOwn(request, name));
  if (missing !== undefined) throw new ConfigError(`create: option ${missing} is missing`);
  for (const volume of request.volumes) checkOptions<ServerVolumeRequest>('create: volumes', volume, volumeKinds);
  const nameless = request.volumes.some((volume) => !Object.hasOwn(volume, 'volumeId'));
  if (nameless) throw new ConfigError('create: volumes: option volumeId is missing');
  for (const network of request.networks ?? []) checkServerNetwork('create: networks', network);
}

/** Checks the network of a caller without TypeScript. @throws ConfigError */
export function checkServerNetwork(of: string, network: unknown): void {
  checkOptions<ServerNetworkRequest>(of, network, networkKinds);
  if (!Object.hasOwn(network, 'network')) throw new ConfigError(`${of}: option network is missing`);
}
