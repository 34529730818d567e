/* The simulators answer as the recorded real services did. */
import { describe, expect, test } from 'vitest';
import { readRecording, type Compared } from './replay.ts';
import { arrayFails, CONNECTOR, makeVolume, playAll, startScene, type Scene, type Unrecorded } from './scene.ts';
import { Caller, field, send, tokenOf, type World } from './support.ts';

const resetTo = (recordedId: string, status: string) => async (scene: Scene) => {
  if (!scene.replay.isKnown(recordedId)) await makeVolume(scene, recordedId, { name: 'states' });
  await scene.admin.action(scene.replay.liveOf(recordedId), 'os-reset_status', { status });
};

const unmask = (recordedId: string) => (scene: Scene) => scene.world.san.unmask(scene.replay.liveOf(recordedId));

describe('answers as the recorded services did', () => {
  test('to version discovery and negotiation', async () => {
    await using scene = await startScene();

    expect(await playAll(scene, await readRecording('versions'))).toBe(18);
  });

  test('to attachments done right', async () => {
    await using scene = await startScene();
    const shared = 'e41b47ee-a0ed-4b0a-8521-abb323e98665';
    const unrecorded: Unrecorded = {
      43: () => makeVolume(scene, shared, { name: 'shared', volume_type: 'shared' }),
    };

    expect(await playAll(scene, await readRecording('attachments'), unrecorded)).toBe(54);
  });

  test('to attachments done wrong', async () => {
    await using scene = await startScene();
    const states = '721a2736-1d43-40f4-9f41-3852a700f1d7';
    const unrecorded: Unrecorded = {
      14: unmask('6a68eadf-1856-46b3-92eb-369697cf93c3'),
      51: unmask('8df9f9dd-8209-483e-9609-2c64454558ea'),
      58: resetTo(states, 'creating'),
      60: resetTo(states, 'deleting'), // refused, so the status stays
      62: resetTo(states, 'error'),
      64: resetTo(states, 'maintenance'),
      66: resetTo(states, 'error_attaching'), // likewise
      68: resetTo(states, 'downloading'),
    };

    expect(await playAll(scene, await readRecording('attachments-misuse'), unrecorded)).toBe(69);
  });

  test('to the attach flow of old', async () => {
    await using scene = await startScene();

    expect(await playAll(scene, await readRecording('legacy-attach'))).toBe(37);
  });

  test('to the attach flow of old done wrong', async () => {
    await using scene = await startScene();
    const force = '6292b8af-943e-4b9e-8a88-785aa5f70403';
    const unrecorded: Unrecorded = {
      60: async ({ admin }) => {
        const id = await makeVolume(scene, force, { name: 'force' });
        await admin.action(id, 'os-initialize_connection', { connector: CONNECTOR });
        const instance = '2844bcab-dfe9-440f-8dd4-20ab719fb6db';
        await admin.action(id, 'os-attach', { instance_uuid: instance, mountpoint: '/dev/sda' });
      },
    };

    expect(await playAll(scene, await readRecording('legacy-misuse'), unrecorded)).toBe(57);
  });

  test('when the array fails', async () => {
    await using scene = await startScene();
    const { faults } = scene.world;
    const attached = 'f73e09f0-c4a0-43e7-a00d-25c97b5e0397';
    const attach = async () => {
      const id = await makeVolume(scene, attached, { name: 'term' });
      const made = await scene.admin.attach(id, CONNECTOR);
      const attachment = String(field(made.body, 'attachment', 'id'));
      await scene.admin.post(`/attachments/${attachment}/action`, { 'os-complete': {} });
      scene.replay.bind('24552d5c-e643-48d0-88a6-55863f848704', attachment);
      faults.add(arrayFails('Unmap Volume'));
    };
    const unrecorded: Unrecorded = {
      1: () => faults.add(arrayFails('Map Volume')),
      3: async ({ admin }) => {
        const volume = scene.replay.liveOf('1463ad44-ea13-48c1-865f-775f19504015');
        const made = await admin.post('/attachments', { attachment: { volume_uuid: volume } });
        scene.replay.bind('324e94ea-82de-4c15-90b4-e75132dd3bbb', String(field(made.body, 'attachment', 'id')));
        faults.add(arrayFails('Map Volume'));
      },
      41: () => faults.add(arrayFails('Map Volume')),
      44: () => faults.add(arrayFails('Map Volume', 1, 'done')),
      46: attach,
      51: async ({ admin }) => {
        const volume = scene.replay.liveOf(attached);
        await admin.action(volume, 'os-reserve');
        await admin.action(volume, 'os-initialize_connection', { connector: CONNECTOR });
        faults.add(arrayFails('Unmap Volume'));
      },
      53: () => faults.add(arrayFails('Create Volume', 3)),
      57: async () => {
        await makeVolume(scene, '7d911266-e820-4ccf-8604-639d8574ae65', { name: 'undeletable' });
        faults.add(arrayFails('Delete Volume'));
      },
    };

    expect(await playAll(scene, await readRecording('backend-failures'), unrecorded)).toBe(26);
    expect(faults.rules.map((rule) => faults.struck(rule.id))).toEqual([1, 1, 1, 1, 1, 1, 3, 1]);
  });

  test('to the life of a volume and to wrong arguments', async () => {
    await using scene = await startScene({ cinder: { timing: { deleteMs: 1000 } } });
    const unrecorded: Unrecorded = {
      9: async ({ admin }) => {
        for (const name of ['page-0', 'page-1']) await admin.post('/volumes', { volume: { size: 1, name } });
      },
      43: ({ world }) => world.advance(1000),
    };

    expect(await playAll(scene, await readRecording('volume-lifecycle'), unrecorded)).toBe(41);
  });

  test('to impatient creates and deletes on a slow array', async () => {
    const timing = { scheduleMs: 100, createMs: 2000, deleteMs: 2000 };
    await using scene = await startScene({ cinder: { timing } });
    const unrecorded: Unrecorded = {
      12: ({ world }) => world.advance(500),
      15: ({ world }) => world.advance(2000),
      19: ({ world }) => world.advance(2000),
    };

    expect(await playAll(scene, await readRecording('concurrency'), unrecorded)).toBe(12);
  });
});

describe('behind Keystone, answers as the recorded services did', () => {
  const users = [
    { name: 'demo', password: '<demo-password>', projects: { demo: ['reader', 'member'] } },
    {
      name: 'admin',
      password: '<admin-password>',
      projects: { admin: ['admin', 'member', 'reader'] },
      system: ['admin', 'member', 'reader'],
    },
    { name: 'nova', password: '<service-password>', projects: { service: ['service'] } },
  ];

  test('to logins of every kind', async () => {
    const credential = { name: 'cli-907017', secret: '<secret>', project: 'demo' };
    const [demo, ...others] = users;
    await using scene = await startScene({ users: [{ ...demo!, applicationCredentials: [credential] }, ...others] });
    const { replay, world } = scene;
    replay.bind('457e5c18e6b149579cb6d4b3be364071', world.openstack.keystone.credentialId('demo', 'cli-907017'));

    const recording = await readRecording('keystone-tokens');
    for (const exchange of recording) {
      const { expected, actual } = await replay.play(exchange);
      expect(alike(actual), `step ${exchange.n}: ${exchange.step}`).toEqual(alike(expected));
    }
    expect(recording).toHaveLength(33);
  });

  test('to tokens, policy and service tokens', async () => {
    await using scene = await startScene({ users, cinder: { auth: 'keystone' } });
    const { world, replay } = scene;
    const member = await tokenOf(world, 'demo');
    const headers = { 'x-auth-token': member, 'openstack-api-version': 'volume 3.44' };
    replay.bind('<token-1>', 'nonsense');
    for (const [recorded, name] of [
      ['<token-3>', 'admin'],
      ['<token-4>', 'nova'],
    ] as const) {
      replay.bind(recorded, await tokenOf(world, name));
    }
    replay.bind('<token-2>', member);
    for (const [recorded, name] of [
      ['d3068ad9e2bd4341a62e2087acfd262d', 'demo'],
      ['c28de47ce2d24f38900b49875cb19a71', 'admin'],
    ] as const) {
      replay.bind(recorded, await projectIdOf(world, name));
    }
    const revoke = async () => {
      const { url } = world.openstack.keystone;
      await send(`${url}/auth/tokens`, 'DELETE', { 'x-auth-token': member, 'x-subject-token': member });
    };
    const foreign = async () => {
      const token = await tokenOf(world, 'admin');
      const base = `${world.openstack.cinder.rootUrl}/v3/${await projectIdOf(world, 'admin')}`;
      const made = await new Caller(base, { ...headers, 'x-auth-token': token }).post('/volumes', {
        volume: { size: 1 },
      });
      const recorded = /volumes\/([0-9a-f-]{36})/.exec(recording.find(({ n }) => n === 13)!.path)![1]!;
      replay.bind(recorded, String(field(made.body, 'volume', 'id')));
    };
    const recording = await readRecording('keystone-auth');

    expect(await playAll(scene, recording, { 13: foreign, 32: revoke })).toBe(32);
  });

  test('to a token that runs out', async () => {
    await using scene = await startScene({ users, cinder: { auth: 'keystone' }, keystone: { tokenLifetimeMs: 6000 } });
    const { replay, world } = scene;

    for (const exchange of await readRecording('keystone-expiry')) {
      if (exchange.n === 3) world.advance(6000);
      const { expected, actual } = await replay.play(exchange);
      expect(alike(actual), `step ${exchange.n}: ${exchange.step}`).toEqual(alike(expected));
    }
  });
});

describe('connection_info has the recorded form', () => {
  test.each([
    [[1, 2], 'storwize'],
    [[5, 6], 'storwize'],
    [[7, 8], 'colon-wwpns'],
    [[9, 10], '0x-wwpns'],
    [[27, 28], 'empty-map'],
    [[31, 32], 'foreign-map'],
    [[37, 38], 'iscsi'],
  ] as const)('of exchanges %j under shape %s', async (numbers, connectionShape) => {
    await using scene = await startScene({ cinder: { connectionShape } });
    const recording = await readRecording('connection-shapes');

    const played = recording.filter(({ n }) => (numbers as readonly number[]).includes(n)); // wider, to look a number up

    expect(await playAll(scene, played)).toBe(2);
  });
});

async function projectIdOf(world: World, user: string): Promise<string> {
  const token = await tokenOf(world, user);
  const answer = await send(`${world.openstack.keystone.url}/auth/projects`, 'GET', { 'x-auth-token': token });
  return String(field(answer.body, 'projects', 0, 'id'));
}

// The recorded catalogue had the old name of the volume service alone; audit ids are random, roles have no order.
function alike({ status, headers, body }: Compared): unknown {
  return { status, headers, body: simplify(body) };
}

function simplify(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(simplify);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, simplifyField(key, item)]);
  return Object.fromEntries(entries) as unknown;
}

function simplifyField(key: string, value: unknown): unknown {
  if (key === 'audit_ids') return Array.isArray(value) && value.length;
  if (key === 'roles' && Array.isArray(value)) return value.map((role) => String(field(role, 'name'))).sort();
  if (key === 'catalog' && Array.isArray(value))
    return value.filter((each) => field(each, 'type') !== 'block-storage').map(service);
  return simplify(value);
}

function service(entry: unknown): unknown {
  const endpoints = field(entry, 'endpoints') as readonly unknown[]; // every entry has endpoints
  return { type: field(entry, 'type'), urls: endpoints.map((each) => [field(each, 'interface'), field(each, 'url')]) };
}
