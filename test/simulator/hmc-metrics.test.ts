/* The metrics service of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, text, type Bench } from './hmc-support.ts';

const contexts = '/api/services/metrics/context';
const everyGroup = [
  'dpm-system-usage-overview',
  'partition-usage',
  'adapter-usage',
  'network-physical-adapter-port',
  'partition-attached-network-interface',
  'zcpc-environmentals-and-power',
];

async function newContext({ caller }: Bench, ...groups: readonly string[]): Promise<string> {
  const { body } = await caller.post(contexts, { 'anticipated-frequency-seconds': 15, 'metric-groups': groups });
  return text(body['metrics-context-uri']);
}

async function read({ caller, hmc }: Bench, uri: string) {
  const response = await fetch(hmc.url + uri, { headers: { 'x-api-session': caller.session ?? '' } });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    lines: (await response.text()).split('\n'),
  };
}

describe('the metrics service', () => {
  it('announces the metrics of each group in their order', async () => {
    const { caller } = await bench();

    const { status, body, headers } = await caller.post(contexts, {
      'anticipated-frequency-seconds': 15,
      'metric-groups': ['partition-usage'],
    });

    expect(status).toBe(201);
    expect(headers.get('location')).toBe('/api/services/metrics/context/1');
    expect(body).toEqual({
      'metrics-context-uri': '/api/services/metrics/context/1',
      'metric-group-infos': [
        {
          'group-name': 'partition-usage',
          'metric-infos': [
            'processor-usage',
            'network-usage',
            'storage-usage',
            'accelerator-usage',
            'crypto-usage',
          ].map((name) => ({ 'metric-name': name, 'metric-type': 'integer-metric' })),
        },
      ],
    });
  });

  it.each([
    ['no filter', {}, everyGroup],
    ['an empty filter', { 'metric-groups': [] }, everyGroup],
    ['a name that no group has', { 'metric-groups': ['adapter-usage', 'nothing'] }, ['adapter-usage']],
  ])('takes %s', async (_, more, groups) => {
    const { caller } = await bench();

    const { body } = await caller.post(contexts, { 'anticipated-frequency-seconds': 15, ...more });

    expect((body['metric-group-infos'] as { 'group-name': string }[]).map((info) => info['group-name'])).toEqual(
      groups,
    );
  });

  it.each([
    ['no body', undefined, 400, 3],
    ['no frequency', { 'metric-groups': [] }, 400, 5],
    ['an unknown field', { 'anticipated-frequency-seconds': 15, interval: 1 }, 400, 6],
    ['a frequency of 14 seconds', { 'anticipated-frequency-seconds': 14 }, 400, 7],
    ['a frequency that is text', { 'anticipated-frequency-seconds': '15' }, 400, 7],
    ['groups that are no texts', { 'anticipated-frequency-seconds': 15, 'metric-groups': [1] }, 400, 7],
  ])('refuses %s', async (_, body, status, reason) => {
    const { caller } = await bench();

    expect(await caller.post(contexts, body)).toMatchObject({ status, reason });
  });

  it('sends values as text, and only of partitions that are activated', async () => {
    const on = await bench();
    const partition = await newPartition(on);
    const uri = await newContext(on, 'partition-usage');

    expect(await read(on, uri)).toEqual({
      status: 200,
      type: 'application/vnd.ibm-z-zmanager-metrics;charset=UTF-8',
      lines: ['"partition-usage"', '', '', ''],
    });

    on.hmc.model.find('partition', partition)!.props.status = 'active';
    const { lines } = await read(on, uri);

    expect(lines.slice(0, 3)).toEqual(['"partition-usage"', `"${partition}"`, String(on.clock.now())]);
    expect(lines[3]).toMatch(/^\d+,-1,-1,-1,-1$/u);
    expect(lines.slice(4)).toEqual(['', '', '', '']);
  });

  it('keeps values until the next collection, 15 seconds later', async () => {
    const on = await bench();
    const uri = await newContext(on, 'network-physical-adapter-port');
    const first = await read(on, uri);

    on.clock.advance(14_000);
    expect(await read(on, uri)).toEqual(first);
    on.clock.advance(1_000);
    expect(await read(on, uri)).not.toEqual(first);
  });

  it('sends a row for each port of a network adapter', async () => {
    const on = await bench();
    const { lines } = await read(on, await newContext(on, 'network-physical-adapter-port'));

    const rows = lines.slice(3, lines.indexOf('', 3));
    expect(rows.map((row) => row.split(',')[0])).toEqual(['0', '1']);
    expect(rows.every((row) => /,"02:00(:[0-9a-f]{2}){4}",0$/u.test(row))).toBe(true);
  });

  it('hides objects that the user may not see', async () => {
    const on = await bench({ users: [{ userid: 'nova', password: 'x', hidden: ['p1'] }] });
    on.hmc.model.all('cpc').forEach(({ props }) => (props.status = 'active'));
    const partition = await newPartition(on);
    on.hmc.model.find('partition', partition)!.props.status = 'active';

    const { lines } = await read(on, await newContext(on, 'partition-usage'));

    expect(lines).not.toContain(`"${partition}"`);
  });

  it('refuses a context that was deleted (409.1), is unknown or belongs to another session (404.1)', async () => {
    const on = await bench();
    const uri = await newContext(on);

    expect(await on.caller.delete(uri)).toMatchObject({ status: 204 });
    expect(await on.caller.delete(uri)).toMatchObject({ status: 409, reason: 1 });
    expect(await on.caller.get(uri)).toMatchObject({ status: 409, reason: 1 });
    expect(await on.caller.get(`${contexts}/9`)).toMatchObject({ status: 404, reason: 1 });
    await on.caller.logon(on.hmc.username, on.hmc.password);
    expect(await on.caller.get(uri)).toMatchObject({ status: 404, reason: 1 });
  });

  it('refuses a client that takes only JSON (406.1)', async () => {
    const on = await bench();
    const uri = await newContext(on);

    const answer = await on.caller.send('GET', uri, undefined, { accept: 'application/json' });

    expect(answer).toMatchObject({ status: 406, reason: 1 });
  });

  it.each(['z13', 'z14', 'z16', 'z17'] as const)('on a %s sends as many values as it announced', async (machine) => {
    const on = await bench({ machine });
    const { body } = await on.caller.post(contexts, { 'anticipated-frequency-seconds': 60 });
    const infos = body['metric-group-infos'] as { 'group-name': string; 'metric-infos': unknown[] }[];

    for (const { 'group-name': group, 'metric-infos': metrics } of infos) {
      const { lines } = await read(on, await newContext(on, group));
      const rows = lines.slice(1).filter((line) => line.includes(','));
      for (const row of rows) expect([group, row.split(',').length]).toEqual([group, metrics.length]);
    }
  });
});
