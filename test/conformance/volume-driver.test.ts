import type { ConnectedVolume } from '../../src/partition/index.ts';
import { describe, expect, test } from 'vitest';
import { DpmError, InternalError, neverAborted, parseWwpn } from '../../src/base/index.ts';
import type { Waiting } from '../../src/base/index.ts';
import { readConnectionInfo } from '../../src/cinder-client/index.ts';
import type { ConnectionInfo } from '../../src/cinder-client/index.ts';
import { conformanceInstance, runChecks, volumeDriverChecks } from '../../conformance/index.ts';
import type { MakeVolumeDriver, VolumeDriverSample } from '../../conformance/index.ts';
import { FibreChannelVolumeDriver } from '../../src/volume/index.ts';
import type { VolumeDriverContext, VolumeInstance, VolumeOptions } from '../../src/volume/index.ts';
import { connectionInfoFiles } from '../support/connection-info-cases.ts';

const ports = conformanceInstance.initiators.map(({ wwpn }) => wwpn);

/** Every answer of a back end that leads to paths, for an instance with the two ports of the checks. */
const samples: readonly VolumeDriverSample[] = connectionInfoFiles.flatMap(({ name: file, cases }) =>
  cases.flatMap(({ name, initiators, ignoredTargets, connectionInfo, expected }) => {
    const isForUs = ignoredTargets.length === 0 && initiators.join() === ports.join();
    if (!isForUs || 'error' in expected) return [];
    const paths = expected.paths.map(({ initiator, target, lun }) => ({
      initiatorWwpn: initiator,
      targetWwpn: target,
      lun,
    }));
    return [{ name: `${file}, ${name}`, connectionInfo: readConnectionInfo(connectionInfo), paths }];
  }),
);

describe('the built-in Fibre Channel driver conforms', () => {
  test.each(samples.map((sample) => [sample.name, sample] as const))('for %s', async (_name, sample) => {
    const results = await runChecks(volumeDriverChecks((context) => new FibreChannelVolumeDriver(context), [sample]));

    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results).toHaveLength(23);
  });

  test('for as many answers as there are families of back ends, and more', () => {
    expect(samples.length).toBeGreaterThan(10);
  });
});

const sample: VolumeDriverSample = {
  name: 'two targets',
  connectionInfo: {
    driver_volume_type: 'fibre_channel',
    data: { target_wwn: ['500507680b21ac01', '500507680b22ac01'], target_lun: 2 },
  },
};

type Connect = [ConnectionInfo, VolumeInstance, VolumeOptions];

/** What is right but for one thing; a wrong driver overrides that one. */
class Right extends FibreChannelVolumeDriver {
  protected readonly context: VolumeDriverContext;

  constructor(context: VolumeDriverContext) {
    super(context);
    this.context = context;
  }
}

class Lacking extends Right {
  override readonly rollback = undefined as never;
}
class Nowhere extends Right {
  override getSearchPath(instance: VolumeInstance | undefined): string {
    return instance === undefined ? '' : super.getSearchPath(instance);
  }
}
class Numbering extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    const connected = await super.connectVolume(...given);
    return { ...connected, paths: connected.paths.map((path) => ({ ...path, deviceNumber: '0001' })) };
  }
}
class Dating extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    return { ...(await super.connectVolume(...given)), at: new Date(0) } as ConnectedVolume; // more than it should give
  }
}
class Backwards extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    const connected = await super.connectVolume(...given);
    return { ...connected, paths: connected.paths.toReversed() };
  }
}
class Wavering extends Right {
  #turn = 0;
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    const connected = await super.connectVolume(...given);
    const [first, second, ...others] = connected.paths;
    this.#turn += 1;
    return this.#turn % 2 === 1 ? connected : { ...connected, paths: [first!, ...others, second!] };
  }
}
class Once extends Right {
  #connected = new Set<string>();
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    const { volumeId } = given[2];
    if (this.#connected.has(volumeId)) throw new InternalError(`${volumeId} is connected`);
    const connected = await super.connectVolume(...given);
    this.#connected.add(volumeId);
    return connected;
  }
}
class Unheeding extends FibreChannelVolumeDriver {
  constructor(context: VolumeDriverContext) {
    super({ ...context, ignoredTargets: new Set() });
  }
}
class Scribbling extends Right {
  override async connectVolume(info: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions) {
    Object.assign(info.data, { seen: true });
    return await super.connectVolume(info, instance, options);
  }
}
class Meddling extends Right {
  override async getVolumePaths(info: ConnectionInfo, instance: VolumeInstance) {
    const other = { volumeId: 'other', sizeGib: 0, isBoot: false, signal: neverAborted() };
    return (await super.connectVolume(info, instance, other)).paths;
  }
}
class Counting extends Right {
  override async getAllVolumes(instance: VolumeInstance, options: Waiting) {
    return [(await super.getAllVolumes(instance, options)).length] as unknown as string[]; // the mistake itself
  }
}
class Forgetful extends Right {
  override async disconnectVolume() {
    // leaves it
  }
}
class Fussy extends Right {
  override async disconnectVolume(...given: Connect) {
    const { inspection } = this.context.storage as unknown as { inspection: { listPaths(): Promise<unknown[]> } };
    if ((await inspection.listPaths()).length === 0) throw new InternalError('it is not connected');
    await super.disconnectVolume(...given);
  }
}
class Remembering extends Once {
  readonly #mine = new Set<string>();
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    this.#mine.add(given[2].volumeId);
    return await FibreChannelVolumeDriver.prototype.connectVolume.apply(this, given);
  }
  override async disconnectVolume(...given: Connect) {
    given[2].signal.throwIfAborted();
    if (this.#mine.has(given[2].volumeId)) await super.disconnectVolume(...given);
  }
}
class Sweeping extends Right {
  readonly #seen = new Set<string>();
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    this.#seen.add(given[2].volumeId);
    return await super.connectVolume(...given);
  }
  override async disconnectVolume(_info: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions) {
    const all = [...this.#seen, options.volumeId].map((volumeId) => ({ volumeId }));
    if (options.isTeardown !== true) await this.context.storage.conceal(instance, all, options);
  }
}
class Clinging extends Right {
  override async disconnectVolume(...given: Connect) {
    if (given[2].isTeardown === true) throw new InternalError('it will not go');
    await super.disconnectVolume(...given);
  }
}
class Trusting extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    const { data } = given[0];
    if (!Array.isArray(data.target_wwn)) throw new TypeError("Cannot read properties of undefined (reading 'map')");
    return await super.connectVolume(...given);
  }
}
class Needing extends Right {
  override async rollback(...given: Connect) {
    await super.getVolumePaths(given[0], given[1]);
    await super.rollback(...given);
  }
}
class Idle extends Right {
  override async rollback(...given: Connect) {
    given[2].signal.throwIfAborted();
  }
}
class Swallowing extends Right {
  override async disconnectVolume(...given: Connect) {
    await super.disconnectVolume(...given).catch(() => given[2].signal.throwIfAborted());
  }
}
class Deaf extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    return await super.connectVolume(given[0], given[1], { ...given[2], signal: neverAborted() });
  }
}
class HardOfHearing extends Right {
  override async disconnectVolume(...given: Connect) {
    given[2].signal.throwIfAborted();
    await super.disconnectVolume(given[0], given[1], { ...given[2], signal: neverAborted() });
  }
}
class Talkative extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    this.context.log.debug({ connectionInfo: given[0] }, 'connecting');
    return await super.connectVolume(...given);
  }
}
class CandidError extends DpmError {
  readonly code = 'CONNECTION_INFO';
}
class Candid extends Right {
  override async connectVolume(...given: Connect): Promise<ConnectedVolume> {
    return await super.connectVolume(...given).catch((cause: unknown) => {
      given[2].signal.throwIfAborted();
      throw new CandidError('cannot connect', { data: JSON.stringify(given[0].data) }, { cause });
    });
  }
}

const wrong: readonly (readonly [string, new (context: VolumeDriverContext) => unknown, message: string | RegExp])[] = [
  ['has every method of the contract', Lacking, 'it has no method rollback'],
  ['returns a search path, with and without an instance', Nowhere, 'getSearchPath returned "" without an instance'],
  [
    'returns paths that begin at ports of the instance',
    Numbering,
    'deviceNumber is "0001", expected that of the port, "8000"',
  ],
  ['returns plain JSON', Dating, 'connectVolume returned a value that JSON cannot represent: it.at is a Date'],
  [
    'returns the paths in boot order',
    Backwards,
    /^the first path begins at c05076d3a1005b24, expected the preferred port/,
  ],
  ['returns the same paths in the same order each time', Wavering, /^the paths changed from .* to /],
  ['connects a second time without a change', Once, /is connected$/],
  ['never uses an excluded target', Unheeding, 'target 500507680b21ac01 is used although it is excluded'],
  ['does not change its arguments', Scribbling, /^its arguments changed from .*"seen":true/],
  ['lists the paths of a connected volume, and changes nothing', Meddling, 'getVolumePaths changed the storage'],
  [
    'lists all volumes, and changes nothing',
    Counting,
    /^getAllVolumes returned \[\d+\], expected one line of text for each/,
  ],
  ['disconnects the volume, and the storage is as before', Forgetful, /^the disconnect left .* in the storage$/],
  ['succeeds when the volume is already disconnected, or was never connected', Fussy, 'it is not connected'],
  ['disconnects a volume that another process connected', Remembering, /^the disconnect by a new driver left/],
  ["leaves the instance's other volumes alone", Sweeping, /^disconnectVolume of .* left \[\]/],
  ['succeeds when the volume is deleted with its instance', Clinging, 'it will not go'],
  [
    'refuses unusable connection_info with a typed error, and changes nothing',
    Trusting,
    /^connectVolume with unusable connection_info threw TypeError: .*, expected a DpmError with a code$/,
  ],
  ['rolls back a connect that was refused or never began', Needing, /connection_info/],
  [
    'rolls back a connect that failed, lost its answer, or succeeded',
    Idle,
    /^the rollback of a connect whose answer was lost left /,
  ],
  [
    'reports a failure of the storage, and succeeds at the next call',
    Swallowing,
    'disconnectVolume succeeded although the storage failed',
  ],
  [
    'does nothing if its signal is aborted before the call',
    Deaf,
    'connectVolume continued although its signal was aborted',
  ],
  [
    'stops when its signal is aborted',
    HardOfHearing,
    /^disconnectVolume threw Error: no result 50 ms after its signal/,
  ],
  [
    'keeps passwords of connection_info out of results, errors and log',
    Talkative,
    /^a password of connection_info is in a result, an error or the log/,
  ],
  [
    'keeps passwords of connection_info out of results, errors and log',
    Candid,
    /^a password of connection_info is in a result, an error or the log/,
  ],
];

describe('a wrong driver is found out:', () => {
  const failures = async (make: MakeVolumeDriver) => {
    const results = await runChecks(volumeDriverChecks(make, [sample], { patienceMs: 50 }));
    return new Map(results.flatMap(({ name, error }) => (error === undefined ? [] : [[name, error.message] as const])));
  };

  const rows = wrong.map(([name, DriverClass, message]) => [name, DriverClass.name, DriverClass, message] as const);

  test.each(rows)('"%s" fails for %s', async (name, _className, DriverClass, message) => {
    const found = await failures((context) => new DriverClass(context) as Right); // a wrong one is no VolumeDriver

    expect(found.get(`two targets: ${name}`)).toMatch(message);
  });

  test('there is a wrong driver for each check', () => {
    const names = volumeDriverChecks((context) => new Right(context), [sample]).map(({ name }) => name);

    expect(new Set(wrong.map(([name]) => `two targets: ${name}`))).toEqual(new Set(names));
  });

  test('most of them by few checks: a check is about one thing', async () => {
    const found = await Promise.all(
      wrong.map(async ([, DriverClass]) => (await failures((context) => new DriverClass(context) as Right)).size),
    );

    expect(found.filter((count) => count <= 3).length).toBeGreaterThan(wrong.length / 2);
  });

  test('the right one by none', async () => {
    expect(await failures((context) => new Right(context))).toEqual(new Map());
  });
});

test('paths that a sample expects are compared, in order', async () => {
  const lun = '0002000000000000' as never; // a LUN as the driver spells it
  const [initiatorWwpn, targetWwpn] = [ports[0]!, parseWwpn('500507680b21ac01')!];
  const expecting = { ...sample, paths: [{ initiatorWwpn, targetWwpn, lun }] };
  const checks = volumeDriverChecks((context) => new Right(context), [expecting]);

  const results = await runChecks(checks.filter(({ name }) => name.endsWith('boot order')));

  expect(results[0]?.error?.message).toMatch(/^the paths are .*, expected c05076d3a1005b20 → 500507680b21ac01/);
});

test('refuses an empty list of samples', () => {
  expect(() => volumeDriverChecks((context) => new Right(context), [])).toThrow('needs at least one sample');
});
