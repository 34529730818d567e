import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { runLive } from '../support/live-cli.ts';
import { scratch } from '../support/world.ts';
import { blocksOf } from './support.ts';

/** The command lines of the guide, in order. */
const lines = blocksOf('docs/first-machine.md', ['console']).flatMap(({ text }) =>
  text.split('\n').flatMap((line) => (line.startsWith('$ dpm ') ? [line.slice('$ dpm '.length)] : [])),
);

test.each(['z13', 'z14', 'z15', 'z16', 'z17'] as const)(
  'every command of the guide to the first machine works as printed on a %s',
  async (machine) => {
    await using sim = await startSimulator({ machine, tls: true });
    const cwd = mkdtempSync(join(scratch(), 'nova-dpm-test-'));
    const { dpm, cinder } = sim.settings();
    const ca = sim.ca?.file ?? '';
    // In the order of the guide's table of questions.
    const input = [
      ...[String(dpm.hmc).replace('https://', ''), ca],
      ...[sim.hmc.username, sim.hmc.password],
      ...['1', '1,2', 'prod=1', '8', '32768'],
      'compute1',
      ...['', String(cinder.auth_url), ca, String(cinder.username), String(cinder.password), '', '', ''],
      '',
    ];
    const env = { NOVA_DPM_DEFAULT__STATE_PATH: join(cwd, 'state') };
    const before = sim.snapshot();
    try {
      for (const line of lines) {
        const ran = await runLive(line.split(' '), { cwd, columns: 80, input, env });

        expect(ran.code, `dpm ${line}: ${ran.stderr}`).toBe(0);
      }

      expect(lines.length).toBeGreaterThan(9);
      expect(sim.snapshot()).toEqual(before);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  },
);
