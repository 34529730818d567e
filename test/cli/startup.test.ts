import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runDpm } from '../support/cli.ts';

/** What a short command must not wait for: each of them takes longer to load than Node.js itself needs to start. */
const slow = ['axios', 'cli-table3', 'csv-stringify', 'pino', 'yaml', 'zod'];

const coverage = z.looseObject({ result: z.array(z.looseObject({ url: z.string() })) });

/** The packages in the files of the bundle that a command loads, as V8 reports them. */
async function packagesLoadedBy(argv: readonly string[]): Promise<ReadonlySet<string>> {
  const directory = mkdtempSync(join(tmpdir(), 'dpm-startup-'));
  try {
    await runDpm(argv, { env: { NODE_V8_COVERAGE: directory } });
    const [report = ''] = readdirSync(directory);
    const { result } = coverage.parse(JSON.parse(readFileSync(join(directory, report), 'utf8')));
    const texts = result
      .filter(({ url }) => url.startsWith('file:'))
      .map(({ url }) => readFileSync(fileURLToPath(url), 'utf8'));
    return new Set(
      texts.flatMap((text) => [...text.matchAll(/^\/\/ node_modules\/([^/\n]+)/gm)].map(([, name = '']) => name)),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test.each(['--version', '-h', 'server list -h', 'server list --unknown', 'server sho'])(
  'dpm %s loads the parser of the command line, and no package that it does not need',
  async (line) => {
    const loaded = await packagesLoadedBy(line.split(' '));

    expect(loaded).toContain('commander');
    expect(slow.filter((name) => loaded.has(name))).toEqual([]);
  },
);

test('a command that reads the settings loads what checks them', async () => {
  expect(await packagesLoadedBy(['server', 'list'])).toContain('zod');
});
