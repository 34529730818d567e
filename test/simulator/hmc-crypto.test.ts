/* Crypto adapters and domains of partitions on the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, otherUser, type Bench } from './hmc-support.ts';
import type { HmcOptions, Props } from '../../src/simulator/hmc/index.ts';

// Sources: IBM WS API, Increase Crypto Configuration (3932-LA2), Decrease Crypto Configuration (Z16M-A01), Change Crypto Domain
// Configuration (Z16M-A01), Zeroize Crypto Domain (3932-LA2).

const usage = (index: number): Props => ({ 'domain-index': index, 'access-mode': 'control-usage' });
const control = (index: number): Props => ({ 'domain-index': index, 'access-mode': 'control' });

async function scene(options: HmcOptions = {}) {
  const of = await bench(options);
  const partition = await newPartition(of);
  const adapter = of.hmc.model.all('adapter').find(({ props }) => props['adapter-family'] === 'crypto')!.uri;
  return { of, partition, adapter };
}

const operate = ({ caller }: Bench, partition: string, operation: string, body: unknown) =>
  caller.post(`${partition}/operations/${operation}`, body);
const cryptoOf = async ({ caller }: Bench, partition: string) =>
  (await caller.get(partition)).body['crypto-configuration'];

describe.each(['z13', 'z14', 'z16', 'z17'] as const)('the crypto configuration of a partition of a %s', (machine) => {
  it('grows, changes and shrinks again to nothing', async () => {
    const { of, partition, adapter } = await scene({ machine });
    const configured = { 'crypto-adapter-uris': [adapter], 'crypto-domain-configurations': [usage(0), control(3)] };

    expect(await cryptoOf(of, partition)).toBeNull();
    expect((await operate(of, partition, 'increase-crypto-configuration', configured)).status).toBe(204);
    expect(await cryptoOf(of, partition)).toEqual(configured);
    expect((await operate(of, partition, 'change-crypto-domain-configuration', usage(3))).status).toBe(204);
    const domain = { 'crypto-adapter-uri': adapter, 'domain-index': 3 };
    expect((await operate(of, partition, 'zeroize-crypto-domain', domain)).status).toBe(204);
    expect(
      (await operate(of, partition, 'decrease-crypto-configuration', { 'crypto-domain-indexes': [0] })).status,
    ).toBe(204);
    expect(await cryptoOf(of, partition)).toEqual({
      'crypto-adapter-uris': [adapter],
      'crypto-domain-configurations': [usage(3)],
    });
    const rest = { 'crypto-adapter-uris': [adapter], 'crypto-domain-indexes': [3] };
    expect((await operate(of, partition, 'decrease-crypto-configuration', rest)).status).toBe(204);
    expect(await cryptoOf(of, partition)).toBeNull();
  });
});

describe('the crypto configuration of a partition', () => {
  const increase = 'increase-crypto-configuration';

  it.each<[string, string, (adapter: string, fcp: string) => unknown, number, number]>([
    ['an increase by nothing', increase, () => ({}), 400, 5],
    ['an unknown field', increase, () => ({ domains: [] }), 400, 6],
    [
      'domain 85',
      increase,
      (uri) => ({ 'crypto-adapter-uris': [uri], 'crypto-domain-configurations': [usage(85)] }),
      400,
      7,
    ],
    [
      'an access mode that does not exist',
      increase,
      () => ({ 'crypto-domain-configurations': [{ ...usage(1), 'access-mode': 'usage' }] }),
      400,
      7,
    ],
    ['an adapter that does not exist', increase, () => ({ 'crypto-adapter-uris': ['/api/adapters/x'] }), 404, 2],
    ['an adapter without crypto', increase, (_uri, fcp) => ({ 'crypto-adapter-uris': [fcp] }), 400, 18],
    ['an adapter without a domain to use', increase, (uri) => ({ 'crypto-adapter-uris': [uri] }), 409, 111],
    [
      'a domain to control only',
      increase,
      (uri) => ({ 'crypto-adapter-uris': [uri], 'crypto-domain-configurations': [control(1)] }),
      409,
      111,
    ],
    ['a decrease by nothing', 'decrease-crypto-configuration', () => ({ 'crypto-domain-indexes': [] }), 400, 5],
    ['a decrease by a text', 'decrease-crypto-configuration', () => ({ 'crypto-domain-indexes': ['1'] }), 400, 7],
    ['a change of a domain that it does not have', 'change-crypto-domain-configuration', () => usage(9), 409, 112],
    [
      'a zeroize of a domain that it does not use',
      'zeroize-crypto-domain',
      (uri) => ({ 'crypto-adapter-uri': uri, 'domain-index': 9 }),
      409,
      112,
    ],
  ])('refuses %s', async (_what, operation, body, status, reason) => {
    const { of, partition, adapter } = await scene();
    const fcp = of.ports[0]!.split('/storage-ports/')[0]!;

    expect(await operate(of, partition, operation, body(adapter, fcp))).toMatchObject({ status, reason });
    expect(await cryptoOf(of, partition)).toBeNull();
  });

  it('cannot be changed while the partition starts, or without the task', async () => {
    const { of, partition, adapter } = await scene({
      users: [
        { userid: 'nova', password: 'nova-on-z' },
        { ...otherUser, withoutTasks: ['Partition Details'] },
      ],
    });
    const body = { 'crypto-adapter-uris': [adapter], 'crypto-domain-configurations': [usage(0)] };
    of.hmc.model.find('partition', partition)!.props.status = 'starting';

    expect(await operate(of, partition, increase, body)).toMatchObject({ status: 409, reason: 1 });
    await of.caller.logon(otherUser.userid, otherUser.password);
    expect(await operate(of, partition, increase, body)).toMatchObject({ status: 403, reason: 1 });
  });

  it('gives a domain of an adapter to one partition at a time', async () => {
    const { of, partition, adapter } = await scene();
    const other = await newPartition(of, { name: 'p2' });
    const body = { 'crypto-adapter-uris': [adapter], 'crypto-domain-configurations': [usage(0)] };
    for (const uri of [partition, other]) expect((await operate(of, uri, increase, body)).status).toBe(204);
    const statusOf = async (uri: string) => (await of.caller.get(uri)).body.status;

    await of.caller.job(`${partition}/operations/start`);
    await of.caller.job(`${other}/operations/start`);

    expect([await statusOf(partition), await statusOf(other)]).toEqual(['paused', 'reservation-error']);
    const third = await newPartition(of, { name: 'p3', 'reserve-resources': true });
    expect(await operate(of, third, increase, body)).toMatchObject({ status: 409, reason: 113 });
  });
});
