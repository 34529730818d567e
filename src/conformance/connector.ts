import type { ConnectionInfo } from '../cinder-client/index.ts';
import { hostConnectorMethods } from '../host-connector/index.ts';
import type { DeviceInfo, HostConnector } from '../host-connector/index.ts';
import { must, mustReject, shown } from './check.ts';
import type { ConformanceCheck } from './check.ts';

/** A host connector, and a volume to try it with. @public */
export interface HostConnectorSubject {
  readonly connector: HostConnector;
  /** Of a volume that is mapped to the host, and not connected. */
  readonly connectionInfo: ConnectionInfo;
  /** What a connect changes on the host, as plain JSON: it is compared before and after. Best told by somebody else. */
  snapshot(): unknown;
  readonly signal: AbortSignal;
}

/**
 * What the contract of {@link HostConnector} asks for, as checks that build on one another: run all of them, in order.
 * The volume is connected and disconnected several times; in the end the host is as it was.
 *
 * ```ts
 * for (const { name, run } of hostConnectorChecks({ connector, connectionInfo, snapshot, signal })) test(name, run);
 * ```
 *
 * @public
 */
export function hostConnectorChecks(subject: HostConnectorSubject): readonly ConformanceCheck[] {
  const run = new Run(subject);
  return [
    { name: 'has every method of the contract', run: async () => run.hasMethods() },
    { name: 'names an absolute search path', run: async () => run.namesSearchPath() },
    { name: 'gives a connector that is plain JSON and names the host', run: async () => await run.givesConnector() },
    { name: 'lists no path of a volume that is not connected', run: async () => await run.listsNothing() },
    { name: 'refuses unusable connection_info and changes nothing', run: async () => await run.refusesNonsense() },
    { name: 'obeys a signal that fired before the call', run: async () => await run.obeysSignal() },
    { name: 'connects the volume to a block device', run: async () => await run.connects() },
    { name: 'connects it twice to the same device', run: async () => await run.connectsTwice() },
    { name: 'lists the paths of the connected volume, and changes nothing', run: async () => await run.listsPaths() },
    { name: 'extends to the size that the volume has', run: async () => await run.extends() },
    { name: 'disconnects the volume, and the host is as before', run: async () => await run.disconnects() },
    { name: 'disconnects it twice', run: async () => await run.disconnectsTwice() },
    { name: 'disconnects with no record of the connect', run: async () => await run.disconnectsUnrecorded() },
  ];
}

class Run {
  readonly #subject: HostConnectorSubject;
  readonly #before: string;
  #device: DeviceInfo | undefined;

  constructor(subject: HostConnectorSubject) {
    this.#subject = subject;
    this.#before = shown(subject.snapshot());
  }

  hasMethods(): void {
    const missing = hostConnectorMethods.filter((method) => typeof this.#subject.connector[method] !== 'function');
    must(missing.length === 0, `it has no method ${missing.join(', ')}`);
  }

  namesSearchPath(): void {
    const path = this.#subject.connector.getSearchPath();
    must(path.startsWith('/'), `getSearchPath gave ${shown(path)}`);
  }

  async givesConnector(): Promise<void> {
    const { connector, signal } = this.#subject;
    const properties = await connector.getConnectorProperties({ signal });
    must(typeof properties.host === 'string' && properties.host !== '', `it names no host: ${shown(properties)}`);
    const copy: unknown = JSON.parse(JSON.stringify(properties));
    must(shown(copy) === shown(properties), `it is not plain JSON: ${shown(properties)}`);
  }

  async listsNothing(): Promise<void> {
    const paths = await this.#paths();
    must(paths.length === 0, `getVolumePaths gave ${shown(paths)}`);
    this.#mustBeAsBefore('getVolumePaths');
  }

  async refusesNonsense(): Promise<void> {
    const { connector, connectionInfo, signal } = this.#subject;
    const nonsense = { ...connectionInfo, data: {} };
    await mustReject(connector.connectVolume(nonsense, { signal }), 'connectVolume took connection_info without data');
    this.#mustBeAsBefore('the refused connect');
  }

  async obeysSignal(): Promise<void> {
    const { connector, connectionInfo } = this.#subject;
    const reason = new Error('the caller gave up');
    const signal = AbortSignal.abort(reason);
    const error = await mustReject(
      connector.connectVolume(connectionInfo, { signal }),
      'connectVolume went on although its signal had fired',
    );
    must(error === reason, `connectVolume threw ${String(error)}, not the signal's reason`);
    this.#mustBeAsBefore('the connect that was not wanted');
  }

  async connects(): Promise<void> {
    this.#device = await this.#connectAnew();
  }

  async connectsTwice(): Promise<void> {
    const { path } = this.#connected();
    const state = shown(this.#subject.snapshot());
    const again = await this.#connect();
    must(again.path === path, `the second connect gave ${again.path}, the first ${path}`);
    must(shown(this.#subject.snapshot()) === state, 'the second connect changed something');
  }

  async listsPaths(): Promise<void> {
    this.#connected();
    const { connector, signal } = this.#subject;
    const state = shown(this.#subject.snapshot());
    const paths = await this.#paths();
    const all = (await connector.getAllVolumes({ signal })).map(({ path }) => path);
    must(paths.length > 0, 'getVolumePaths lists nothing');
    const unlisted = paths.filter(({ path }) => !all.includes(path));
    must(unlisted.length === 0, `getAllVolumes does not list ${shown(unlisted.map(({ path }) => path))}`);
    must(shown(this.#subject.snapshot()) === state, 'looking at the paths changed something');
  }

  async extends(): Promise<void> {
    this.#connected();
    const { connector, connectionInfo, signal } = this.#subject;
    const size = await connector.extendVolume(connectionInfo, { signal });
    must(Number.isSafeInteger(size) && size > 0, `extendVolume gave ${shown(size)}`);
    must((await connector.extendVolume(connectionInfo, { signal })) === size, 'the second extend gave another size');
  }

  async disconnects(): Promise<void> {
    await this.#disconnect(this.#connected());
    this.#mustBeAsBefore('the disconnect');
    must((await this.#paths()).length === 0, 'getVolumePaths still lists paths');
  }

  async disconnectsTwice(): Promise<void> {
    await this.#disconnect(this.#connected());
    this.#mustBeAsBefore('the second disconnect');
  }

  async disconnectsUnrecorded(): Promise<void> {
    await this.#connectAnew();
    await this.#disconnect(undefined);
    this.#mustBeAsBefore('the disconnect without device_info');
  }

  async #connectAnew(): Promise<DeviceInfo> {
    const device = await this.#connect();
    // What a third party's code returns is not checked by a compiler.
    const isDevice = (device as Partial<DeviceInfo> | undefined)?.type === 'block' && device.path.startsWith('/');
    must(isDevice, `connectVolume gave ${shown(device)}`);
    must(shown(this.#subject.snapshot()) !== this.#before, 'the snapshot does not show that the volume is connected');
    return device;
  }

  async #connect(): Promise<DeviceInfo> {
    const { connector, connectionInfo, signal } = this.#subject;
    return await connector.connectVolume(connectionInfo, { signal });
  }

  async #disconnect(device: DeviceInfo | undefined): Promise<void> {
    const { connector, connectionInfo, signal } = this.#subject;
    await connector.disconnectVolume(connectionInfo, device, { signal });
  }

  async #paths() {
    const { connector, connectionInfo, signal } = this.#subject;
    return await connector.getVolumePaths(connectionInfo, { signal });
  }

  #connected(): DeviceInfo {
    must(this.#device !== undefined, 'the volume was never connected');
    return this.#device;
  }

  #mustBeAsBefore(after: string): void {
    const now = shown(this.#subject.snapshot());
    must(now === this.#before, `${after} left the host changed: ${now}, before ${this.#before}`);
  }
}
