import { describe, expect, it } from 'vitest';

import { FaultEngine } from './fault-engine.ts';
import { parseFaultRules, type FaultRule } from './fault-rules.ts';

const create = { method: 'POST', path: '/api/partitions/1/hbas', body: { name: 'vhba0' } };

function rule(more: Partial<FaultRule> = {}): FaultRule {
  return { id: 'r', server: 'hmc', operation: 'Create HBA', kind: { type: 'refuse', status: 409 }, ...more };
}

function strikes(engine: FaultEngine, count: number): boolean[] {
  return Array.from({ length: count }, () => engine.decide('hmc', 'Create HBA', create) !== undefined);
}

describe('FaultEngine', () => {
  it('strikes once by default, and after the requests to be skipped', () => {
    expect(strikes(new FaultEngine([rule()]), 3)).toEqual([true, false, false]);
    expect(strikes(new FaultEngine([rule({ when: { skip: 1, times: 2 } })]), 4)).toEqual([false, true, true, false]);
    expect(strikes(new FaultEngine([rule({ when: { times: -1 } })]), 3)).toEqual([true, true, true]);
  });

  it('strikes only what matches server, operation, method, path and body', () => {
    const engine = new FaultEngine([
      rule({ match: { method: 'POST', path: 'hbas$', body: 'vhba[0-9]' }, when: { times: -1 } }),
    ]);

    expect(engine.decide('cinder', 'Create HBA', create)).toBeUndefined();
    expect(engine.decide('hmc', 'Delete HBA', create)).toBeUndefined();
    expect(engine.decide('hmc', 'Create HBA', { ...create, method: 'GET' })).toBeUndefined();
    expect(engine.decide('hmc', 'Create HBA', { ...create, path: '/hbas/1' })).toBeUndefined();
    expect(engine.decide('hmc', 'Create HBA', { ...create, body: undefined })).toBeUndefined();
    expect(engine.decide('hmc', 'Create HBA', create)?.id).toBe('r');
    expect(engine.struck('r')).toBe(1);
  });

  it('throws the same dice for the same seed, whatever other rules there are', () => {
    const chance = rule({ when: { times: -1, probability: 0.3 } });
    const first = strikes(new FaultEngine([chance], 5), 200);
    const other = rule({ id: 'other', operation: 'Logon', when: { probability: 0.5 } });

    expect(strikes(new FaultEngine([other, chance], 5), 200)).toEqual(first);
    expect(strikes(new FaultEngine([chance], 6), 200)).not.toEqual(first);
    expect(first.filter(Boolean).length).toBeGreaterThan(30);
    expect(first.filter(Boolean).length).toBeLessThan(90);
  });

  it('gives a strike back that could not be acted out', () => {
    const engine = new FaultEngine([rule()]);
    const struck = engine.decide('hmc', 'Create HBA', create);

    engine.missed(struck!);

    expect(engine.struck('r')).toBe(0);
    expect(strikes(engine, 2)).toEqual([true, false]);
  });

  it('refuses a second rule of the same id, and forgets removed ones', () => {
    const engine = new FaultEngine([rule()]);

    expect(() => engine.add(rule())).toThrow('"r" exists');
    engine.remove('r');
    expect(engine.rules).toEqual([]);
    expect(strikes(engine, 1)).toEqual([false]);
  });
});

describe('parseFaultRules', () => {
  it('accepts every kind as plain JSON', () => {
    const kinds = [
      { type: 'refuse', status: 429, headers: { 'retry-after': '1' } },
      { type: 'drop', when: 'after' },
      { type: 'refuse-connection' },
      { type: 'delay', ms: 5 },
      { type: 'truncate' },
      { type: 'malformed' },
      { type: 'html' },
      { type: 'wrong-schema' },
      { type: 'session-lost' },
      { type: 'job', outcome: 'lost' },
      { type: 'status', end: 'degraded' },
      { type: 'restart' },
      { type: 'backend-error', effect: 'done' },
      { type: 'stuck' },
    ];
    const rules = kinds.map((kind, index) => ({ id: `r${index}`, server: 'hmc', operation: '*', kind }));

    expect(parseFaultRules(JSON.parse(JSON.stringify(rules)))).toEqual(rules);
  });

  it('names the field of a rule that is wrong', () => {
    expect(() => parseFaultRules([{ ...rule(), kind: { type: 'drop', when: 'later' } }])).toThrow(/when/u);
    expect(() => parseFaultRules([{ ...rule(), knid: 1 }])).toThrow(/knid/u);
  });
});
