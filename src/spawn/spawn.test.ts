import { describe, expect, test } from 'vitest';
import { ConflictError, describeError, findError, NothingChangedError } from '../base/index.ts';
import { VolumeDriverError } from '../volume/index.ts';
import { name, description, request, initiator, mapped, machine, nameTaken } from '../../test/support/spawn-machine.ts';
import { call } from '../../test/support/spawn-tools.ts';
import { prepare, spawn, spawnInStockOrder } from './spawn.ts';

describe('spawn', () => {
  test('on a vHBA machine maps the volumes once the partition has its ports', async () => {
    const { tools, mapper, diary } = machine();

    const { started } = await spawn(request, mapper, tools, call);

    expect(started).toMatchObject({ status: 'active', attempts: 1 });
    expect(diary).toEqual([
      'create partition',
      'ports of /api/partitions/new',
      `map to ${initiator.wwpn}`,
      'connect boot',
      'connect data',
      'set boot',
      'start',
    ]);
  });

  test('on a storage-group machine maps the volumes before it attaches the storage group, and once', async () => {
    const { tools, mapper, diary } = machine({ model: 'storage-group' });

    await spawn(request, mapper, tools, call);

    expect(diary).toEqual([
      'create group',
      'create partition',
      'ports of /api/partitions/new',
      `map to ${initiator.wwpn}`,
      'connect boot',
      'connect data',
      'wait for LUNs',
      'set boot',
      'start',
    ]);
  });

  test.each(['hba', 'storage-group'] as const)(
    'starts a %s partition without a boot device before its volumes are mapped, where fabrics want to see the ports first',
    async (model) => {
      const start = { kind: 'failed', status: 'paused', hmcSaid: '' } as const;
      const { tools, mapper, diary } = machine({ model, loginBeforeZoning: true, start });

      await spawn({ ...request, powerOn: false }, mapper, tools, call);

      const [login, mapping, stop] = ['start', `map to ${initiator.wwpn}`, 'stop'].map((act) => diary.indexOf(act));
      expect(diary.filter((act) => act.startsWith('map'))).toHaveLength(1);
      expect(login).toBeLessThan(mapping!);
      expect(mapping).toBeLessThan(stop!);
    },
  );

  test('leaves the partition stopped when it is not to run', async () => {
    const { tools, mapper, diary } = machine();

    await expect(spawn({ ...request, powerOn: false }, mapper, tools, call)).resolves.toMatchObject({
      started: { status: 'stopped', attempts: 0 },
    });
    expect(diary).not.toContain('start');
  });

  test('creates a partition of shared IFLs whose memory is all there from the start', async () => {
    const { tools, mapper, created } = machine();

    await spawn(request, mapper, tools, call);

    expect(created).toEqual([
      {
        name,
        description,
        type: 'linux',
        iflProcessors: 2,
        processorMode: 'shared',
        initialMemory: 4096,
        maximumMemory: 4096,
      },
    ]);
  });

  test('takes over the stopped partition that an interrupted spawn of the same instance left', async () => {
    const { tools, mapper, diary } = machine({ createFails: nameTaken, existing: 'stopped' });

    await spawn(request, mapper, tools, call);

    expect(diary[0]).toBe('ports of /api/partitions/there');
  });

  test('does not touch a running partition of the same name', async () => {
    const { tools, mapper, diary } = machine({ createFails: nameTaken, existing: 'active' });

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow(NothingChangedError);
    expect(diary).toEqual([]);
  });

  test.each(['stopped', 'active'])(
    'uses the partition that its record leads to, whatever it is called, %s',
    async (recorded) => {
      const { tools, mapper, diary } = machine({ recorded });

      await spawn(request, mapper, tools, call);

      expect(diary[0]).toBe('ports of /api/partitions/known');
    },
  );

  test('says that nothing was changed when its recorded partition is in doubt', async () => {
    const doubt = new ConflictError('in doubt');
    const { tools, diary } = machine({ recorded: 'active', doubt });

    await expect(spawnInStockOrder(request, mapped(), tools, call)).rejects.toMatchObject({
      code: 'NOTHING_CHANGED',
      cause: doubt,
    });
    expect(diary).toEqual([]);
  });

  test.each([
    { what: 'has not our mark', existing: 'stopped', existingMark: 'by hand' },
    { what: 'has the mark of another host', existing: 'stopped', existingMark: 'OpenStack CPCSubset=compute10' },
    { what: 'is recorded as that of another instance', existing: 'stopped', isOfAnother: true },
  ])('does not take over a partition of its name that $what', async (there) => {
    const { tools, mapper, diary } = machine({ createFails: nameTaken, ...there });

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow(NothingChangedError);
    expect(diary).toEqual([]);
  });

  test('removes the storage group that it made before it found its name taken', async () => {
    const { tools, mapper, diary } = machine({ model: 'storage-group', createFails: nameTaken, existing: 'active' });

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow(NothingChangedError);
    expect(diary).toEqual(['create group', 'delete group']);
  });

  test('does not say that nothing was changed when what it made before it found its name taken stays', async () => {
    const deleteFails = new Error('the HMC is away');
    const options = { model: 'storage-group', createFails: nameTaken, existing: 'active', deleteFails } as const;
    const { tools, mapper } = machine(options);

    const error: unknown = await spawn(request, mapper, tools, call).catch((thrown: unknown) => thrown);

    expect(findError(error, 'NOTHING_CHANGED')).toBeUndefined();
    expect(describeError(error)).toMatch(/already exists, and it could not be undone.*the HMC is away/);
  });

  test('does not say that nothing was changed where the storage group stays until the compute manager has unmapped', async () => {
    const { tools, diary } = machine({ model: 'storage-group', createFails: nameTaken, existing: 'active' });

    const error: unknown = await prepare(request, { ...tools, driverUnmaps: false }, call).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toMatchObject({ code: 'CONFLICT' });
    expect(findError(error, 'NOTHING_CHANGED')).toBeUndefined();
    expect(diary).toEqual(['create group']);
  });

  test('leaves the storage of a partition that runs under its name', async () => {
    const { tools, mapper, diary } = machine({
      model: 'storage-group',
      createFails: nameTaken,
      existing: 'active',
      isAtRest: false,
    });

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow('could not be undone');
    expect(diary).toEqual(['create group']);
  });

  test('records what it makes, before it is needed', async () => {
    const { tools, mapper, noted } = machine();

    await spawn(request, mapper, tools, call);

    expect(noted).toEqual(['begin', 'made /api/partitions/new', 'connected']);
  });

  test('makes no ports for an instance that only uses a prepared storage group', async () => {
    const { tools, mapper, diary } = machine({ model: 'storage-group' });
    const prepared = { ...request, volumes: [], storageGroup: { name: 'shop data', bootVolume: null } };

    await spawn(prepared, mapper, tools, call);

    expect(diary).toEqual(['create partition', 'attach group', 'set boot', 'start']);
  });

  test('makes nothing when the prepared storage group cannot be used', async () => {
    const { tools, mapper, diary } = machine({ model: 'storage-group' });
    const unfit = { ...request, storageGroup: { name: 'unfit', bootVolume: null } };

    await expect(spawn(unfit, mapper, tools, call)).rejects.toThrow(NothingChangedError);
    expect(diary).toEqual([]);
  });

  test('fails when the start that logs in the ports is refused', async () => {
    const start = { kind: 'failed', status: 'reservation-error', hmcSaid: '' } as const;
    const { tools, mapper } = machine({ loginBeforeZoning: true, start });

    await expect(spawn(request, mapper, tools, call)).rejects.toMatchObject({ code: 'START_REFUSED' });
  });

  test('reports a taken name as the HMC did when no such partition is visible', async () => {
    const { tools, mapper } = machine({ createFails: nameTaken });

    await expect(spawn(request, mapper, tools, call)).rejects.toBe(nameTaken);
  });

  test('does not touch a storage group of the same name that is not ours', async () => {
    const { tools, mapper, diary } = machine({ model: 'storage-group', obstacle: 'storage group "g" is not ours' });

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow(
      'storage group "g" is not ours; it was left unchanged',
    );
    expect(diary).toEqual(['create group']);
  });

  test('rolls back the volume whose driver failed', async () => {
    const { tools, mapper, diary } = machine({ connectFails: 'data' });

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow('no path');
    expect(diary.slice(-2)).toEqual(['connect boot', 'roll back data']);
  });

  test('refuses a volume that no driver serves', async () => {
    const { tools } = machine();
    const mapper = { map: async () => mapped('rbd'), unmap: async () => undefined };

    await expect(spawn(request, mapper, tools, call)).rejects.toThrow(VolumeDriverError);
  });

  test('does not begin another act once the caller has aborted', async () => {
    const { tools, diary } = machine();
    const aborted = new AbortController();
    const mapper = {
      map: async () => {
        aborted.abort(new Error('stop'));
        return mapped();
      },
      unmap: async () => undefined,
    };

    await expect(spawn(request, mapper, tools, { ...call, signal: aborted.signal })).rejects.toThrow('stop');
    expect(diary).toEqual(['create partition', 'ports of /api/partitions/new']);
  });
});

describe('the stock order', () => {
  test.each(['hba', 'storage-group'] as const)(
    'does on a %s machine what the deferred order does, but leaves the mapping to the compute manager',
    async (model) => {
      const [stock, deferred] = [machine({ model }), machine({ model })];
      const { partitions } = machine({ model, recorded: 'stopped' }).tools;

      await prepare(request, stock.tools, call);
      await spawnInStockOrder(request, mapped(), { ...stock.tools, partitions }, call);
      await spawn(request, deferred.mapper, deferred.tools, call);

      const withoutMapping = deferred.diary.filter((act) => !act.startsWith('map') && act !== 'set boot');
      expect(stock.diary.filter((act) => act !== 'set boot')).toEqual(withoutMapping);
    },
  );
});
