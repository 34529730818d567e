import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatSettings } from '../../src/config/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { SimulatorOptions } from '../../src/simulator/index.ts';
import { runDpm } from '../support/cli.ts';
import { blocksOf, pages } from './support.ts';

/** Blocks that a page marks with `<!-- run: MACHINE -->`: every line succeeds against a simulator of this machine. */
const marked = pages()
  .flatMap((page) => blocksOf(page, ['sh']))
  .flatMap((block) => {
    const machine = /^run: (z1[3-7])$/.exec(block.note)?.[1];
    return machine === undefined ? [] : [{ ...block, machine: machine as NonNullable<SimulatorOptions['machine']> }];
  });

test('at least one page has commands to follow', () => {
  expect(marked.map(({ page }) => page)).toContain('docs/simulator.md');
});

test.each(marked)('the commands at $where succeed line by line', async ({ machine, text }) => {
  const cwd = mkdtempSync(join(tmpdir(), 'dpm-docs-'));
  await using sim = await startSimulator({ machine, tls: true });
  const { DEFAULT, ...others } = sim.settings();
  const settings = { DEFAULT: { ...DEFAULT, state_path: join(cwd, 'state') }, ...others };
  writeFileSync(join(cwd, 'sim.conf'), formatSettings(settings), { mode: 0o600 });
  const env: Record<string, string> = {};
  try {
    for (const line of text.split('\n').map((each) => each.replace(/\s+#.*$/, ''))) {
      const assigned = /^export (\w+)=(\S+)$/.exec(line);
      if (assigned !== null) env[assigned[1] ?? ''] = assigned[2] ?? '';
      const [program, ...argv] = line.split(/\s+/);
      if (program !== 'dpm') continue;
      const { code, stderr } = await runDpm(argv, { cwd, env });
      expect(code, `${line}\n${stderr}`).toBe(0);
    }
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
