import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { ended, runDpm, startDpm } from '../support/cli.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { scratch, toIni } from '../support/world.ts';
import { goAway, ways } from './away.ts';
import { operations } from './operations.ts';

/*
 * As it happens: commands in processes of their own with nothing but the defaults, and an HMC that takes no connections
 * for 70 seconds, longer than a request is repeated. All at the same time, for it takes that long.
 */

const AWAY_MS = 70_000;

const cases = (['z13', 'z16'] as const).flatMap((machine) =>
  operations.flatMap((operation) => [
    { machine, operation, isKilled: false },
    { machine, operation, isKilled: true },
  ]),
);
type Case = (typeof cases)[number];

it('commands continue after an HMC outage of 70 s; the next command finishes those that were killed meanwhile', async () => {
  const ends = await Promise.all(cases.map(async (each) => await play(each)));
  expect(ends).toEqual(cases.map(expectedOf));
}, 900_000);

interface End {
  readonly what: string;
  readonly how: number | NodeJS.Signals | null;
  /** What its progress says of the HMC. */
  readonly told: readonly string[];
  readonly waitedFor: boolean;
  readonly open: readonly unknown[];
  readonly orphans: readonly unknown[];
  readonly isAsBefore: boolean;
}

function expectedOf({ machine, operation, isKilled }: Case): End {
  const away = 'HMC has not answered since';
  return {
    what: `${machine} ${operation.name}`,
    how: isKilled ? 'SIGKILL' : 0,
    told: isKilled ? [away] : [away, 'HMC answers again'],
    waitedFor: true,
    open: [],
    orphans: [],
    isAsBefore: true,
  };
}

async function play({ machine, operation, isKilled }: Case): Promise<End> {
  await using sim = await startSimulator({ machine, adapters: 2 });
  const directory = mkdtempSync(join(scratch(), 'nova-dpm-outage-'));
  try {
    const settings = toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state') });
    writeFileSync(join(directory, 'nova-dpm.conf'), `${settings}\n`, { mode: 0o600 });
    const env = { NOVA_DPM_CONFIG: join(directory, 'nova-dpm.conf') };
    const dpm = async (...argv: readonly string[]) => {
      const { code, stdout, stderr } = await runDpm([...argv, '-f', 'json'], { env });
      if (code !== 0) throw new Error(`dpm ${argv.join(' ')} ended with ${code}: ${stderr}`);
      return stdout === '' ? [] : (JSON.parse(stdout) as Record<string, unknown>[]);
    };
    const before = withNamedVolumes(sim.snapshot());
    for (const argv of operation.commands.slice(0, -1)) await dpm(...argv);

    // From its first step on.
    const child = startDpm(operation.commands.at(-1) ?? [], { env });
    const end = ended(child);
    const opening = 5;
    let [startedAt, endedAt] = [NaN, NaN];
    const absence = goAway(sim, { peer: 'hmc', skip: opening, way: ways[1] }, () => (startedAt = performance.now()));
    const told = new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (text.includes('has not answered since')) resolve();
      });
    });
    const exited = end.then(() => (endedAt = performance.now()));
    await Promise.race([absence.begun, exited]);
    const isOver = sleep(AWAY_MS);
    if (isKilled) await Promise.race([told, exited]);
    if (isKilled) child.kill('SIGKILL');
    await Promise.race([isOver, exited.then(async () => await (isKilled ? isOver : undefined))]);
    await absence.end();
    const { stderr } = await end;

    // The next command for it.
    await dpm('server', 'delete', 'web1').catch((error: unknown) => {
      if (operation.name !== 'delete') throw error;
    });
    const flows = (await dpm('flow', 'list')).filter(({ state }) => state !== 'completed' && state !== 'rolled-back');
    const words = [...stderr.matchAll(/HMC \S+ (has not answered since|answers again)/g)].map(
      ([, word]) => `HMC ${word}`,
    );
    return {
      what: `${machine} ${operation.name}`,
      how: child.signalCode ?? child.exitCode,
      told: words,
      waitedFor: isKilled || endedAt - startedAt >= AWAY_MS,
      open: flows,
      orphans: await dpm('verify'),
      isAsBefore: JSON.stringify(withNamedVolumes(sim.snapshot())) === JSON.stringify(before),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
