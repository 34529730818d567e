import { describe, expect, test } from 'vitest';
import { Outages } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { CinderClient } from '../../src/cinder-client/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { FaultKind, Simulator } from '../../src/simulator/index.ts';
import { quickPolicies as cinderPolicies } from '../support/cinder-policies.ts';
import { quickPolicies } from '../support/hmc-policies.ts';
import { cpcUriOf, openSession, w } from '../support/hmc-session.ts';
import { settingsFor } from '../support/world.ts';

/** More than any number of attempts; the budget is what counts, and is far longer than this takes. */
const AWAY = 40;
const outage = { budgetMs: 60_000, firstDelayMs: 1, maxDelayMs: 2 };

const ways: readonly FaultKind[] = [
  { type: 'drop', when: 'before' },
  { type: 'refuse-connection' },
  { type: 'restart' },
  { type: 'refuse', status: 503, reason: 1 },
  { type: 'html' },
];

function goAway(sim: Simulator, server: 'hmc' | 'cinder' | 'keystone', kind: FaultKind, times = AWAY): void {
  sim.faults.add({ id: 'away', server, operation: '*', match: { path: '.' }, when: { times }, kind });
}

describe.each(ways)('an HMC that is away ($type)', (kind) => {
  test('is waited for once it has answered, and people are told', async () => {
    await using sim = await startSimulator({ machine: 'z13' });
    const notices: string[] = [];
    const outages = new Outages(({ text }) => notices.push(text));
    await using hmc = openSession(sim, { outages, policies: { ...quickPolicies, outage } });
    const before = await hmc.cpcs.list({}, w);
    goAway(sim, 'hmc', kind);

    await expect(hmc.cpcs.list({}, w)).resolves.toEqual(before);

    expect(sim.faults.struck('away')).toBe(AWAY);
    expect(notices).toHaveLength(2);
    expect(notices[0]).toContain(`HMC ${new URL(sim.hmc.url).host} has not answered since`);
  });

  test('is not waited for when it has never answered: its name may be wrong', async () => {
    await using sim = await startSimulator({ machine: 'z13' });
    await using hmc = openSession(sim, { policies: { ...quickPolicies, outage } });
    goAway(sim, 'hmc', kind, -1);

    await expect(hmc.cpcs.list({}, w)).rejects.toThrow();
    expect(sim.faults.struck('away')).toBeLessThan(AWAY);
  });

  test('a create is made exactly once through it', async () => {
    await using sim = await startSimulator({ machine: 'z13' });
    await using hmc = openSession(sim, { policies: { ...quickPolicies, outage } });
    const cpc = cpcUriOf(sim);
    await hmc.cpcs.get(cpc, w);
    sim.faults.add({ id: 'lost', server: 'hmc', operation: 'Create Partition', kind: { type: 'drop', when: 'after' } });
    sim.faults.add({ id: 'away', server: 'hmc', operation: '*', when: { times: AWAY }, match: { path: '.' }, kind });

    await hmc.partitions.create(
      cpc,
      { name: 'p1', type: 'linux', iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 },
      w,
    );

    expect(await hmc.partitions.list(cpc, {}, w)).toHaveLength(1);
  });
});

test('a refusal by an HMC is no outage', async () => {
  await using sim = await startSimulator({ machine: 'z13' });
  await using hmc = openSession(sim, { policies: { ...quickPolicies, outage } });
  await hmc.cpcs.list({}, w);
  goAway(sim, 'hmc', { type: 'refuse', status: 409, reason: 2 }, -1);

  await expect(hmc.cpcs.list({}, w)).rejects.toMatchObject({ code: 'RETRIES_EXHAUSTED' });
});

test.each(['cinder', 'keystone'] as const)('%s is waited for once it has answered', async (server) => {
  await using sim = await startSimulator({ machine: 'z13' });
  const notices: string[] = [];
  using cinder: CinderClient = openCinder({
    ...settingsFor(sim).cinder,
    policies: { ...cinderPolicies, outage },
    outages: new Outages(({ text }) => notices.push(text)),
  });
  const before = await cinder.findVolume('boot-1', w);
  if (server === 'keystone')
    sim.faults.add({ id: 'token', server: 'cinder', operation: '*', kind: { type: 'session-lost' } });
  goAway(sim, server, { type: 'drop', when: 'before' });

  await expect(cinder.findVolume('boot-1', w)).resolves.toEqual(before);

  expect(sim.faults.struck('away')).toBe(AWAY);
  expect(notices.map((text) => text.split(' ')[0]?.toLowerCase())).toEqual([server, server]);
});
