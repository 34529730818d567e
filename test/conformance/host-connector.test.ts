import { describe, expect, test } from 'vitest';
import { DpmError, neverAborted } from '../../src/base/index.ts';
import type { Waiting } from '../../src/base/index.ts';
import type { ConnectionInfo } from '../../src/cinder-client/index.ts';
import { hostConnectorChecks, runChecks } from '../../conformance/index.ts';
import type { HostConnectorSubject, MakeHostConnector } from '../../conformance/index.ts';
import { HostDetachError, ZfcpConnector } from '../../src/volume/host/index.ts';
import type {
  ConnectOptions,
  DeviceInfo,
  DisconnectOptions,
  ExtendOptions,
  HostConnectorContext,
  HostSystem,
} from '../../src/volume/host/index.ts';
import { connectionInfo, fourPaths, quickPolicies, singlePath, targetWwpns } from '../support/fake-host/scenes.ts';

/** One path and no multipath: what a wrong connector does wrong shows there too, and soonest. */
function prepare(): HostConnectorSubject {
  const host = singlePath({ multipathd: 'absent' });
  return {
    context: { system: host, useMultipath: false, enforceMultipath: false, policies: quickPolicies },
    connectionInfo: connectionInfo({ target_wwn: targetWwpns[0] }),
    snapshot: () => host.snapshot(),
    use: () => {
      host.mounts.set('sda', '/srv/data');
      host.changed();
      return () => {
        host.mounts.clear();
        host.changed();
      };
    },
  };
}

/** What is right but for one thing; a wrong connector overrides that one. */
class Right extends ZfcpConnector {
  protected readonly context: HostConnectorContext;

  constructor(context: HostConnectorContext) {
    super(context);
    this.context = context;
  }
}

type Connect = [ConnectionInfo, ConnectOptions];
type Disconnect = [ConnectionInfo, DeviceInfo | undefined, DisconnectOptions];

const never = { signal: neverAborted() };

/** Fails as the kernel does, where the error should be typed. */
class UntypedError extends Error {
  readonly code = 'EIO';
}
class CandidError extends DpmError {
  readonly code = 'CONNECTION_INFO';
}

class Lacking extends Right {
  override readonly extendVolume = undefined as never;
}
class Nowhere extends Right {
  override getSearchPath(): string {
    return 'by-path';
  }
}
class Dated extends Right {
  override async getConnectorProperties(w: Waiting) {
    return { ...(await super.getConnectorProperties(w)), at: new Map() as never }; // more than JSON keeps
  }
}
class Imagining extends Right {
  #isUsed = false;
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    this.#isUsed = true;
    return await super.connectVolume(...given);
  }
  override async getVolumePaths(info: ConnectionInfo, w: Waiting) {
    const paths = await super.getVolumePaths(info, w);
    return paths.length > 0 || this.#isUsed ? paths : [{ ...({} as (typeof paths)[number]), path: '/dev/sdz' }]; // the mistake itself
  }
}
class Vague extends Right {
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    return { ...(await super.connectVolume(...given)), path: 'sda' };
  }
}
class Renaming extends Right {
  #turn = 0;
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    const device = await super.connectVolume(...given);
    this.#turn += 1;
    return this.#turn === 1 ? device : { ...device, path: '/dev/sda' };
  }
}
class Blind extends Right {
  override async getAllVolumes() {
    return Promise.resolve([]);
  }
}
class Writable extends Right {
  override async connectVolume(info: ConnectionInfo, { signal }: ConnectOptions): Promise<DeviceInfo> {
    return await super.connectVolume(info, { signal });
  }
}
class Growing extends Right {
  #bytes = 0;
  override async extendVolume(info: ConnectionInfo, options: ExtendOptions): Promise<number> {
    this.#bytes += 1;
    return (await super.extendVolume(info, options)) + this.#bytes;
  }
}
class Scribbling extends Right {
  override async connectVolume(info: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo> {
    Object.assign(info.data, { targets: [] });
    return await super.connectVolume(info, options);
  }
}
class Hasty extends Right {
  override async disconnectVolume(info: ConnectionInfo, device: DeviceInfo | undefined, options: DisconnectOptions) {
    await super.disconnectVolume(info, device, options);
    if (device !== undefined) this.leave();
  }
  /** Something that it made, and takes away at the next connect only. */
  leave() {
    const { units } = this.context.system as HostSystem & { units: Set<string> }; // the fake host's
    units.add('0.0.8001/left/behind');
  }
}
class Fussy extends Right {
  override async disconnectVolume(...given: Disconnect) {
    const isThere = (await super.getVolumePaths(given[0], { signal: neverAborted() })).length > 0;
    given[2].signal.throwIfAborted();
    if (!isThere) throw new HostDetachError('it is not there', []);
    await super.disconnectVolume(...given);
  }
}
class Recorded extends Right {
  override async disconnectVolume(...given: Disconnect) {
    given[2].signal.throwIfAborted();
    if (given[1] !== undefined) await super.disconnectVolume(...given);
  }
}
class Remembering extends Right {
  #mine = false;
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    this.#mine = true;
    return await super.connectVolume(...given);
  }
  override async disconnectVolume(...given: Disconnect) {
    given[2].signal.throwIfAborted();
    if (this.#mine) await super.disconnectVolume(...given);
  }
}
class Trusting extends Right {
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    if (!isOfForm(given[0])) throw new TypeError("Cannot read properties of undefined (reading 'map')");
    return await super.connectVolume(...given);
  }
}
class Deaf extends Right {
  override async connectVolume(info: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo> {
    const signal = options.signal.aborted ? neverAborted() : options.signal;
    return await super.connectVolume(info, { ...options, signal });
  }
}
class HardOfHearing extends Right {
  override async connectVolume(info: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo> {
    options.signal.throwIfAborted();
    return await super.connectVolume(info, { ...options, ...never });
  }
}
class Littering extends Right {
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    return await super.connectVolume(...given).catch((error: unknown) => {
      if (isOfForm(given[0]) && !given[1].signal.aborted) this.leave();
      throw error;
    });
  }
  leave() {
    const { units } = this.context.system as HostSystem & { units: Set<string> }; // the fake host's
    units.add('0.0.8001/left/behind');
  }
}
class Swallowing extends Right {
  override async disconnectVolume(...given: Disconnect) {
    await super.disconnectVolume(...given).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'VOLUME_DETACH') throw error; // one of ours has a code
    });
  }
}
class Raw extends Right {
  override async disconnectVolume(...given: Disconnect) {
    await super.disconnectVolume(...given).catch((error: unknown) => {
      const { code, message } = error as DpmError; // whatever it is, it has a message
      throw code === 'VOLUME_DETACH' ? new UntypedError(message) : error;
    });
  }
}
class Taciturn extends Right {
  override async disconnectVolume(...given: Disconnect) {
    await super.disconnectVolume(...given).catch((error: unknown) => {
      throw (error as DpmError).code === 'VOLUME_DETACH' ? new HostDetachError('it did not work', []) : error; // as above
    });
  }
}
class Talkative extends Right {
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    this.context.log.debug({ connectionInfo: given[0] }, 'connecting');
    return await super.connectVolume(...given);
  }
}
class Candid extends Right {
  override async connectVolume(...given: Connect): Promise<DeviceInfo> {
    return await super.connectVolume(...given).catch((cause: unknown) => {
      given[1].signal.throwIfAborted();
      throw new CandidError('cannot connect', { data: JSON.stringify(given[0].data) }, { cause });
    });
  }
}
class Ruthless extends Right {
  override async disconnectVolume(...given: Disconnect) {
    const { mounts } = this.context.system as HostSystem & { mounts: Map<string, string> }; // the fake host's
    if (given[2].force === true) mounts.clear();
    await super.disconnectVolume(...given);
  }
}

function isOfForm({ data }: ConnectionInfo): boolean {
  return typeof data.target_wwn === 'string';
}

/** What rests on something fails with it: these are the checks that cannot be had without the one. */
const removal = ['stops when its signal is aborted', 'undoes a connect that failed'];
const sayingSo = 'reports a failed disconnect, and succeeds at the next call';

const wrong: readonly (readonly [string, MakeClass, message: RegExp, also?: readonly string[]])[] = [
  [
    'has every method of the contract',
    Lacking,
    /^it has no method extendVolume$/,
    [
      'extends to the size of the volume',
      'does not change its arguments',
      'keeps passwords of connection_info out of results, errors and log',
    ],
  ],
  ['returns an absolute search path', Nowhere, /^getSearchPath returned "by-path"$/],
  [
    'returns connector properties that are plain JSON and name the host',
    Dated,
    /^getConnectorProperties returned a value that JSON cannot represent: it.at is a Map$/,
  ],
  ['lists no path of a volume that is not connected', Imagining, /^getVolumePaths returned .*sdz/],
  ['connects the volume to a block device', Vague, /^connectVolume returned .*"path":"sda"/],
  ['connects a second time to the same device', Renaming, /^the second connect returned \/dev\/sda, the first /],
  ['lists the paths of the connected volume, and changes nothing', Blind, /^getAllVolumes does not list \["/],
  ['makes every path read-only if requested', Writable, /can be written to after a connect with readOnly$/],
  ['extends to the size of the volume', Growing, /^the second extend returned another size$/],
  ['does not change its arguments', Scribbling, /^connection_info changed from .*"targets":\[\]/],
  [
    'disconnects the volume, and the host is as before',
    Hasty,
    /^the disconnect left the host changed/,
    [
      'disconnects a volume that another process connected',
      ...removal,
      sayingSo,
      'refuses to disconnect a volume that is in use, even with force',
    ],
  ],
  [
    'disconnects a second time without an error',
    Fussy,
    /^it is not there$/,
    ['does nothing if its signal is aborted before the call', ...removal, sayingSo],
  ],
  ['disconnects without device_info', Recorded, /^the disconnect without device_info left/, removal],
  [
    'disconnects a volume that another process connected',
    Remembering,
    /^the disconnect by a new connector left/,
    [...removal, sayingSo],
  ],
  [
    'refuses unusable connection_info with a typed error, and changes nothing',
    Trusting,
    /^connectVolume with unusable connection_info threw TypeError: .*, expected a DpmError with a code$/,
  ],
  [
    'does nothing if its signal is aborted before the call',
    Deaf,
    /^connectVolume continued although its signal was aborted$/,
  ],
  ['stops when its signal is aborted', HardOfHearing, /^connectVolume threw Error: no result 50 ms after its signal/],
  ['undoes a connect that failed', Littering, /^the connect whose .* failed .* left the host changed/],
  ['reports a failed disconnect, and succeeds at the next call', Swallowing, /succeeded, and left the host changed/],
  ['reports a failed disconnect, and succeeds at the next call', Raw, /threw .*, expected a DpmError with a code$/],
  ['names the devices that a failed disconnect left', Taciturn, /message "it did not work" names none of \/dev\//],
  [
    'keeps passwords of connection_info out of results, errors and log',
    Talkative,
    /^a password of connection_info is in/,
  ],
  ['keeps passwords of connection_info out of results, errors and log', Candid, /^a password of connection_info is in/],
  [
    'refuses to disconnect a volume that is in use, even with force',
    Ruthless,
    /with force of a volume in use succeeded$/,
  ],
];

type MakeClass = new (context: HostConnectorContext) => unknown;

describe('a wrong connector is found out:', () => {
  const failures = async (make: MakeHostConnector) => {
    const results = await runChecks(hostConnectorChecks(make, prepare, { patienceMs: 50 }));
    return new Map(results.flatMap(({ name, error }) => (error === undefined ? [] : [[name, error.message] as const])));
  };
  const rows = wrong.map(
    ([name, ConnectorClass, message, also = []]) => [ConnectorClass.name, name, ConnectorClass, message, also] as const,
  );

  test.each(rows)(
    '%s by "%s", and by none that does not rest on it',
    async (_class, name, ConnectorClass, message, also) => {
      const found = await failures((context) => new ConnectorClass(context) as Right); // a wrong one is no HostConnector

      expect(found.get(name)).toMatch(message);
      expect([...found.keys()]).toEqual([name, ...also]);
    },
  );

  test('there is a wrong connector for each check', () => {
    const names = hostConnectorChecks((context) => new Right(context), prepare).map(({ name }) => name);

    expect(new Set(wrong.map(([name]) => name))).toEqual(new Set(names));
  });

  test('the right one by none', async () => {
    expect(await failures((context) => new Right(context))).toEqual(new Map());
  });
});

/** Refuses the disconnect because of a failed path that holds no data. */
class Fragile extends Right {
  override async disconnectVolume(...given: Disconnect) {
    const paths = await super.getVolumePaths(given[0], never);
    if (paths.some(({ state }) => state !== 'running')) throw new HostDetachError('a path is down', []);
    await super.disconnectVolume(...given);
  }
}
/** Refuses the disconnect of a device that is open, without waiting. */
class Impatient extends Right {
  constructor(context: HostConnectorContext) {
    const holders = { ...quickPolicies.holders, attempts: 1 };
    super({ ...context, policies: { ...quickPolicies, holders } });
  }
}
/** Does nothing at a second disconnect. */
class Content extends Right {
  #isDone = false;
  override async disconnectVolume(...given: Disconnect) {
    if (this.#isDone) return;
    await super.disconnectVolume(...given);
    this.#isDone = true;
  }
}

describe('the checks detect a connector that fails the event', () => {
  function prepareHostWithEvents(): HostConnectorSubject {
    const host = fourPaths();
    const hostEvents = {
      losePath: () => {
        host.disks[1]!.state = 'transport-offline';
        host.changed();
      },
      openBriefly: ({ path }: DeviceInfo) => host.holdBriefly(host.tree.realpath(path), 'blkid', 2),
      rescan: () => {
        for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
        host.changed();
      },
    };
    const context = { system: host, useMultipath: true, enforceMultipath: true, policies: quickPolicies };
    return { context, connectionInfo: connectionInfo(), snapshot: () => host.snapshot(), hostEvents };
  }

  test.each([
    ['disconnects a volume that lost a path', Fragile],
    ['waits for a process that opens the device briefly', Impatient],
    ['disconnects devices that a scan added again', Content],
  ])('by "%s"', async (name, ConnectorClass) => {
    const of = (Each: typeof Right) =>
      hostConnectorChecks((context) => new Each(context), prepareHostWithEvents).filter((check) => check.name === name);

    const [wrongOne] = await runChecks(of(ConnectorClass));
    const [rightOne] = await runChecks(of(Right));

    expect(wrongOne?.error).toBeDefined();
    expect(rightOne?.error).toBeUndefined();
  });
});

test('a host on which nothing can be in use is not asked to refuse that', () => {
  const without = hostConnectorChecks(
    (context) => new Right(context),
    () => ({ ...prepare(), use: undefined }),
  );

  expect(without.map(({ name }) => name)).not.toContain(
    'refuses to disconnect a volume that is in use, even with force',
  );
  expect(without).toHaveLength(21);
});
