import { HmcHttpError } from '../../hmc-client/errors/index.ts';
import { HbaStorage } from './index.ts';
import { describe, expect, test } from 'vitest';
import { ConflictError, InternalError, lunSchema, neverAborted, wwpnSchema } from '../../base/index.ts';
import type { CreateHba, Hba, HmcSession, Partition } from '../../hmc-client/index.ts';
import { adapterPortUri, hbaName } from '../index.ts';
import type { AdapterPort, ConnectedVolume, VolumePath } from '../index.ts';

const w = { signal: neverAborted() };
const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const partition = { uri: '/api/partitions/p', name: 'OpenStack-compute1-x' };
const port = (n: number): AdapterPort => ({ adapterObjectId: `11112222-3333-4444-5555-66667777888${n}`, port: 0 });
const ports = [port(1), port(2)];

const refusal = (status: number, reason: number) =>
  new HmcHttpError('create HBA', { status, reason, method: 'POST', uri: partition.uri, hmcMessage: '' });

const hba = (of: AdapterPort, change: Partial<Hba> = {}): Hba => {
  const n = of.adapterObjectId.slice(-1);
  return {
    uri: `${partition.uri}/hbas/${n}`,
    name: hbaName(of),
    deviceNumber: `800${n}`.toUpperCase(),
    wwpn: wwpnSchema.parse(`c05076d3a1005b2${n}`),
    adapterPortUri: adapterPortUri(of),
    description: '',
    ...change,
  }; // whatever else an HBA has
};

interface Machine {
  readonly hbas?: readonly Hba[];
  /** What the HMC answers to the creation of an HBA of this name. */
  readonly refuses?: Readonly<Record<string, Error>>;
  /** What the HMC answers to a look at the partition. */
  readonly gone?: Error;
  /** Does the HMC list the partition all the same? */
  readonly isListed?: boolean;
  /** vHBAs that it denies whenever it is asked for one, though the partition has them. */
  readonly denied?: readonly string[];
  /** HBAs come out like this. */
  readonly make?: (of: AdapterPort) => Hba;
}

/** The partition of a z13, in memory. */
function z13({ hbas = [], refuses = {}, gone, isListed = false, denied = [], make = hba }: Machine = {}) {
  const there = new Map(hbas.map((each) => [each.uri, each]));
  const asked: string[] = [];
  const hmc = {
    partitions: {
      get: async () => {
        asked.push('look');
        if (gone !== undefined) throw gone;
        return { hbaUris: [...there.keys()] };
      },
      list: async () => (isListed ? [partition] : []),
    },
    hbas: {
      create: async (_uri: string, { name, adapterPortUri: uri }: CreateHba) => {
        asked.push(`create ${name}`);
        const error = refuses[name];
        if (error !== undefined) throw error;
        const of = ports.find((each) => adapterPortUri(each) === uri) ?? port(9);
        const made = make(of);
        there.set(made.uri, made);
        return made.uri;
      },
      // In another order than asked for: an HMC owes nobody one.
      getMany: async (uris: readonly string[]) =>
        uris.toReversed().flatMap((uri) => (denied.includes(uri) ? [] : (there.get(uri) ?? []))),
      delete: async (uri: string) => {
        asked.push(`delete ${uri}`);
        if (!denied.includes(`delete ${uri}`)) there.delete(uri);
      },
    },
  } as unknown as HmcSession; // of which vHBAs need these
  return { storage: new HbaStorage(hmc, '/api/cpcs/cpc-1', ports), asked, there };
}

describe('vHBAs of a partition', () => {
  test('are made for each port, and come in the order of the ports, whatever the order of the answer', async () => {
    const { storage, asked } = z13();

    await expect(storage.bind(owner, partition, [], w)).resolves.toEqual([
      {
        wwpn: 'c05076d3a1005b21',
        deviceNumber: '8001',
        elementUri: '/api/partitions/p/hbas/1',
        adapterPortUri: adapterPortUri(port(1)),
      },
      {
        wwpn: 'c05076d3a1005b22',
        deviceNumber: '8002',
        elementUri: '/api/partitions/p/hbas/2',
        adapterPortUri: adapterPortUri(port(2)),
      },
    ]);
    expect(asked).toEqual(ports.map((each) => `create ${hbaName(each)}`));
  });

  test('that an earlier run of the step has made are taken over', async () => {
    const { storage, there } = z13({ hbas: [hba(port(1))], refuses: { [hbaName(port(1))]: refusal(400, 8) } });

    await expect(storage.bind(owner, partition, [], w)).resolves.toHaveLength(2);
    expect(there.size).toBe(2);
  });

  test('are not taken over from another port that has their name', async () => {
    const stranger = hba(port(1), { adapterPortUri: adapterPortUri(port(7)) });
    const taken = refusal(400, 8);
    const { storage } = z13({ hbas: [stranger], refuses: { [hbaName(port(1))]: taken } });

    await expect(storage.bind(owner, partition, [], w)).rejects.toBe(taken);
  });

  test('that cannot be made are named, all of them, after all were tried', async () => {
    const refuses = { [hbaName(port(1))]: refusal(404, 2), [hbaName(port(2))]: refusal(409, 1) };
    const { storage, asked } = z13({ refuses });

    const error: unknown = await storage.bind(owner, partition, [], w).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toHaveProperty('message', `create vHBAs ${hbaName(port(1))}, ${hbaName(port(2))}`);
    expect(error).toHaveProperty('errors', Object.values(refuses));
    expect(asked).toHaveLength(2);
  });

  test('of which one cannot be made fail with just that error', async () => {
    const error = refusal(404, 2);

    await expect(z13({ refuses: { [hbaName(port(2))]: error } }).storage.bind(owner, partition, [], w)).rejects.toBe(
      error,
    );
  });

  test('without a WWPN are no initiators: a back end might map the volume to everybody', async () => {
    const { storage } = z13({ make: (of) => hba(of, { wwpn: undefined }) });

    await expect(storage.bind(owner, partition, [], w)).rejects.toThrow(ConflictError);
    await expect(storage.bind(owner, partition, [], w)).rejects.toThrow(/vHBA ".*" of partition ".*" has no WWPN/);
  });
});

describe('the initiators of a partition', () => {
  test('are the configured ports first and in their order, then those of other people', async () => {
    const hers = hba(port(5), { name: 'her tape drive' });
    const { storage } = z13({ hbas: [hers, hba(port(2)), hba(port(1))] });

    const initiators = await storage.initiators(owner, partition, w);

    expect(initiators.map(({ deviceNumber }) => deviceNumber)).toEqual(['8001', '8002', '8005']);
  });

  test('are none where there is no partition, or no port that has a WWPN', async () => {
    const { storage } = z13({ hbas: [hba(port(1), { wwpn: undefined })] });

    await expect(storage.initiators(owner, undefined, w)).resolves.toEqual([]);
    await expect(storage.initiators(owner, partition, w)).resolves.toEqual([]);
    await expect(z13().storage.initiators(owner, partition, w)).resolves.toEqual([]);
  });
});

describe('vHBAs are given back', () => {
  test('by a partition that stays: ours, and nobody else’s', async () => {
    const hers = hba(port(5), { name: 'her tape drive' });
    const { storage, there } = z13({ hbas: [hba(port(1)), hers, hba(port(2))] });

    await storage.unbind(owner, partition, false, w);

    expect([...there.values()]).toEqual([hers]);
  });

  test('with a partition that goes: nothing is asked', async () => {
    const { storage, asked } = z13({ hbas: [hba(port(1))] });

    await storage.unbind(owner, partition, true, w);

    expect(asked).toEqual([]);
  });

  test('and went with a partition that is gone', async () => {
    await expect(z13({ gone: refusal(404, 1) }).storage.unbind(owner, partition, false, w)).resolves.toBeUndefined();
  });

  test('or are not, when the HMC denies a partition that it lists', async () => {
    const error = refusal(404, 1);

    await expect(z13({ gone: error, isListed: true }).storage.unbind(owner, partition, false, w)).rejects.toBe(error);
  });

  test.each([hba(port(1)).uri, `delete ${hba(port(1)).uri}`])(
    'or are not, when the HMC denies one that its partition lists: %s',
    async (denied) => {
      const { storage } = z13({ hbas: [hba(port(1)), hba(port(2))], denied: [denied] });

      await expect(storage.unbind(owner, partition, false, w)).rejects.toThrow(
        'still lists vHBA /api/partitions/p/hbas/1',
      );
    },
  );

  test('or are not, when the HMC says something else', async () => {
    const error = refusal(409, 1);

    await expect(z13({ gone: error }).storage.unbind(owner, partition, false, w)).rejects.toBe(error);
  });
});

const path: VolumePath = {
  initiatorWwpn: wwpnSchema.parse('c05076d3a1005b22'),
  targetWwpn: wwpnSchema.parse('5005076802160417'),
  lun: lunSchema.parse('0002000000000000'),
  deviceNumber: '8002',
};
const volume: ConnectedVolume = {
  volumeId: 'v',
  isBoot: true,
  sizeGib: 10,
  paths: [path],
  naa: null,
  storageVolumeUri: null,
};

describe('a load over vHBAs', () => {
  test('names vHBA, target and LUN', async () => {
    const { storage } = z13();
    const initiators = await storage.bind(owner, partition, [], w);

    expect(storage.bootProperties(volume, path, initiators)).toEqual({
      bootDevice: 'storage-adapter',
      bootStorageDevice: '/api/partitions/p/hbas/2',
      bootWorldWidePortName: '5005076802160417',
      bootLogicalUnitNumber: '0002000000000000',
    });
  });

  test('is not set up over a port that the partition has not', () => {
    expect(() => z13().storage.bootProperties(volume, path, [])).toThrow(InternalError);
  });

  test('is read back from the properties of the partition', async () => {
    const { storage } = z13();
    const initiators = await storage.bind(owner, partition, [], w);
    const read = { uri: partition.uri, ...storage.bootProperties(volume, path, initiators) } as unknown as Partition; // the boot properties of one

    await expect(storage.bootSource(read, initiators)).resolves.toEqual({
      device: 'storage-adapter',
      hbaUri: '/api/partitions/p/hbas/2',
      storageVolumeUri: null,
      initiatorWwpn: 'c05076d3a1005b22',
      targetWwpn: '5005076802160417',
      lun: '0002000000000000',
    });
  });

  test('that is not set up is read back as none', async () => {
    const none = { uri: partition.uri, bootDevice: 'none', bootStorageDevice: null } as unknown as Partition; // the boot properties of one

    await expect(z13().storage.bootSource(none, [])).resolves.toEqual({
      device: 'none',
      hbaUri: null,
      storageVolumeUri: null,
      initiatorWwpn: null,
      targetWwpn: null,
      lun: null,
    });
  });
});

describe('a LUN that Cinder has masked to a vHBA', () => {
  test('is the partition’s without a word to the HMC, and leaves it the same way', async () => {
    const { storage, asked } = z13();
    const request = { volumeId: 'v', sizeGib: 10, isBoot: false, paths: [path], naa: null, storageVolumeUri: null };
    const target = { ...owner, partition, initiators: [] };

    const exposed = await storage.expose(target, [request]);

    expect(exposed).toMatchObject([{ volumeId: 'v', isBoot: false, naa: null, storageVolumeUri: null }]);
    await expect(storage.waitForVolumes(owner, exposed)).resolves.toBe(exposed);
    await storage.conceal();
    await storage.deallocate();
    await expect(storage.allocate()).resolves.toBeNull();
    await expect(storage.addPorts()).resolves.toEqual([]);
    expect(asked).toEqual([]);
  });
});
