/* Submit Requests of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, type Bench, text } from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

const submit = (of: Bench, body: unknown) => of.caller.post('/api/services/aggregation/submit', body);

describe('Submit Requests', () => {
  it('serves each entry as a request of its own, and counts as one', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    of.log.clear();

    const { status, body } = await submit(of, {
      threads: 4,
      requests: [
        ...[0, 1].map((port) => ({
          method: 'POST',
          uri: `${partition}/hbas`,
          id: `h${port}`,
          body: { name: `h${port}`, 'adapter-port-uri': of.ports[port] },
          'resp-headers': ['Location'],
        })),
        { method: 'POST', uri: `${partition}/hbas`, id: 'bad', body: { name: 'h3' } },
        { method: 'GET', uri: `${of.cpc}/partitions?name=p1`, id: 'list' },
        { method: 'GET', uri: '/api/unheard-of', id: 'unknown' },
      ],
    });

    const results = Object.fromEntries((body as unknown as Props[]).map((entry) => [text(entry.id), entry]));
    expect(status).toBe(200);
    expect(results.h0).toMatchObject({
      status: 201,
      headers: [{ name: 'location', value: expect.stringContaining('/hbas/') as string }],
    });
    expect(results.h1).toMatchObject({ status: 201 });
    expect(results.bad).toMatchObject({ status: 400, body: { 'http-status': 400, reason: 5 } });
    expect(results.list).toMatchObject({ status: 200, body: { partitions: [{ name: 'p1' }] } });
    expect(results.unknown).toMatchObject({ status: 404, body: { reason: 1 } });
    expect(of.log.byOperation()).toEqual({ 'Submit Requests': 1 });
    expect(of.log.entries[0]?.children?.map(({ operation }) => operation)).toEqual([
      'Create HBA',
      'Create HBA',
      'Create HBA',
      'List Partitions of a CPC',
      '(unknown)',
    ]);
  });

  it('passes headers on unless an entry changes them', async () => {
    const of = await bench();
    const entry = { method: 'GET', uri: '/api/cpcs' };
    const withHeaders = (headers: unknown) => submit(of, { requests: [{ ...entry, 'req-headers': headers }] });

    expect((await withHeaders([])).body).toMatchObject([{ status: 200 }]);
    expect((await withHeaders([{ name: 'X-API-Session' }])).body).toMatchObject([{ status: 403, body: { reason: 4 } }]);
    expect((await withHeaders([{ name: 'x-api-session', value: 'x' }])).body).toMatchObject([
      { status: 403, body: { reason: 5 } },
    ]);
    expect(await withHeaders([{ name: 'X-Trace', value: null }])).toMatchObject({ status: 400, reason: 7 });
    expect(await withHeaders([{ name: 'Content-Type', value: 'x' }])).toMatchObject({ status: 400, reason: 7 });
  });

  it.each([
    ['no requests', {}, 400, 5],
    ['eleven threads', { threads: 11, requests: [] }, 400, 7],
    ['an entry without method', { requests: [{ uri: '/api/cpcs' }] }, 400, 5],
    ['an entry outside of the API', { requests: [{ method: 'GET', uri: '/cpcs' }] }, 400, 7],
    ['more than 256000 bytes', { requests: [{ method: 'GET', uri: `/api/${'x'.repeat(256_000)}` }] }, 413, 1],
  ])('refuses %s', async (_, body, status, reason) => {
    expect(await submit(await bench(), body)).toMatchObject({ status, reason });
  });

  it('does not serve an aggregated request inside another', async () => {
    const inner = { method: 'POST', uri: '/api/services/aggregation/submit', body: { requests: [] } };

    expect((await submit(await bench(), { requests: [inner] })).body).toMatchObject([{ status: 404 }]);
  });

  it('is struck by faults of its entries', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    const create = (port: number) => ({
      method: 'POST',
      uri: `${partition}/hbas`,
      id: text(port),
      body: { name: `h${port}`, 'adapter-port-uri': of.ports[port] },
    });
    of.fault({ type: 'refuse', status: 409, reason: 2 }, 'Create HBA', { match: { body: 'h1' } });

    const { body } = await submit(of, { threads: 2, requests: [create(0), create(1)] });

    const results = (body as unknown as Props[]).sort((a, b) => Number(a.id) - Number(b.id));
    expect(results).toMatchObject([{ status: 201 }, { status: 409, body: { reason: 2 } }]);
    of.faults.clear();
    of.fault({ type: 'drop', when: 'after' }, 'Create HBA');
    await expect(submit(of, { requests: [create(1), create(2)] })).rejects.toThrow();
    expect((await of.caller.get(partition)).body['hba-uris']).toHaveLength(2);
  });
});
