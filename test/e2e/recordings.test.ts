import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { recordDpm, screenLines } from '../support/pty.ts';
import type { Recording } from '../support/pty.ts';
import { toIni } from '../support/world.ts';

/*
 * What a user sees in a terminal of 24 lines of 80 columns, from the first server to the last. The tables are kept in
 * recordings/first-servers.txt.
 */

const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/** Replaces what is another value in each run by a value of the same width. */
function normalised(text: string): string {
  return text
    .replaceAll(uuid, '11111111-2222-3333-4444-555555555555')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-30T12:00:00.000Z');
}

/** Returns the lines that the terminal would wrap, or that are cut. */
function faultsOf({ command, output }: Recording): readonly string[] {
  return screenLines(output).flatMap((line) => [
    ...(line.length > 80 ? [`${command}: ${line.length} columns: ${line}`] : []),
    ...(line.includes('…') ? [`${command}: cut: ${line}`] : []),
  ]);
}

test(
  'a session in a terminal of 80 columns wraps no line, cuts nothing and shows names',
  { timeout: 300_000 },
  async () => {
    await using sim = await startSimulator({ adapters: 2 });
    const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-recordings-'));
    try {
      const config = join(directory, 'nova-dpm.conf');
      const state = join(directory, 'state');
      writeFileSync(config, toIni(sim.settings(), { 'DEFAULT.state_path': state }), { mode: 0o600 });
      const record = async (words: string) => await recordDpm(words, { NOVA_DPM_CONFIG: config });

      const created = await record('server create web1 --vcpus 2 --memory 4096 --volume boot-1 --volume data-1');
      const second = await record('server create web2 --vcpus 1 --memory 1024 --volume boot-2 --no-progress');
      const list = await record('server list');
      const long = await record('server list --long');
      const show = await record('server show web1');
      const paths = await record('server show web1 --paths');
      const partitions = await record('partition list');
      const hypervisor = await record('hypervisor show');
      const settings = await record('config show');
      const sample = await record('config sample -f table');
      const doctor = await record('doctor');
      const verified = await record('verify');
      const failed = await record('server create web1 --vcpus 1 --memory 1024 --volume data-2');
      const deleted = await record('server delete web1 web2 --no-progress');
      const empty = await record('server list');
      const all = [
        created,
        second,
        list,
        long,
        show,
        paths,
        partitions,
        hypervisor,
        settings,
        sample,
        doctor,
        verified,
      ];
      all.push(failed, deleted, empty);

      expect(all.filter((each) => each !== failed).flatMap(faultsOf)).toEqual([]);
      expect(all.filter((each) => each !== failed).map(({ command, code }) => `${code}: ${command}`)).toEqual(
        all.filter((each) => each !== failed).map(({ command }) => `0: ${command}`),
      );
      expect(failed.code).not.toBe(0);
      for (const { output } of [list, show, long]) {
        expect(output).toContain('web1');
        expect(output).toContain('boot-1');
      }
      for (const { output } of [list, deleted, paths]) expect(output).not.toMatch(uuid);
      expect(show.output).toContain('data-1');
      expect(partitions.output).toContain('web1');
      expect(failed.output).toContain('data-2');

      const shown = [second, list, long, show, partitions, hypervisor, deleted, empty];
      const recording = shown
        .map(({ command, output }) => `$ ${command}\n${screenLines(output).join('\n')}`)
        .join('\n');
      await expect(normalised(recording)).toMatchFileSnapshot('recordings/first-servers.txt');
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
