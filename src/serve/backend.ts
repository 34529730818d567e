import { CleanupStack } from '../base/index.ts';
import { openManager, openServedHost } from '../compute/index.ts';
import type { ComputeManager, OpenManagerOptions, ServedHost } from '../compute/index.ts';
import type { Settings } from '../config/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { PathSource } from '../volume/paths/index.ts';
import { currentRequestId } from './request-scope.ts';

/** Everything that the service opens with its settings. A reload of the settings opens another one. */
export interface Backend extends AsyncDisposable {
  readonly host: ServedHost;
  /** The own compute manager on the same state directory, for the duties. It has no resume loop of its own. */
  readonly manager: ComputeManager;
  readonly paths: PathSource;
}

export interface BackendOptions extends Pick<
  OpenManagerOptions,
  'log' | 'policies' | 'baseDir' | 'cinder' | 'localHost' | 'wrapDriver'
> {
  readonly purpose: string;
  readonly pid: number;
  /** Id of the request of the process itself. */
  readonly requestId: string;
  /** Makes the source of the path service. */
  readonly pathsOf: (manager: ComputeManager, settings: Settings) => Promise<PathSource & Disposable>;
}

/** @throws ConfigError, JournalError, or the errors of the driver's `initHost` */
export async function openBackend(
  settings: Settings,
  { pathsOf, requestId, ...options }: BackendOptions,
  signal: AbortSignal,
): Promise<Backend> {
  await using stack = new CleanupStack();
  const context: RequestContext = { requestId, signal };
  const ofRequest = () => currentRequestId() ?? requestId;
  const host = stack.use(await openServedHost(settings, { ...options, context, requestId: ofRequest }));
  const { wrapDriver: _ofNova, ...others } = options;
  const manager = stack.use(await openManager(settings, { ...others, access: 'write', resumeEveryMs: 0, context }));
  const paths = stack.use(await pathsOf(manager, settings));
  const disposal = stack.move();
  return { host, manager, paths, [Symbol.asyncDispose]: async () => await disposal[Symbol.asyncDispose]() };
}
