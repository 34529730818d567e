import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleCommand } from '../scripts/bundle.ts';
import { startSimulator } from '../src/simulator/index.ts';
import { toIni } from '../test/support/world.ts';

const run = promisify(execFile);

/** Each command runs this often in a round; the rounds of the commands alternate, so that a busy machine delays all alike. */
const RUNS = 4;
const ROUNDS = 5;

/** Runs a command line several times, then prints the CPU time of all of them: `times` of a shell includes its children. */
const repeat = 'i=0; while [ "$i" -lt "$RUNS" ]; do "$@" >/dev/null || exit 1; i=$((i+1)); done; times';

/** CPU time of a command, user and system, as a ratio to that of `node -e 0`. */
export interface StartupCost {
  readonly command: string;
  readonly ratio: number;
  readonly most: number;
}

/**
 * Measures short commands of the built package. Their settings are those of a simulator in this process, whose CPU time is
 * not counted.
 */
export async function startupCosts(): Promise<readonly StartupCost[]> {
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-bench-'));
  try {
    const main = await bundleCommand(directory);
    await using simulator = await startSimulator({ adapters: 2, tls: true });
    const file = join(directory, 'nova-dpm.conf');
    writeFileSync(file, toIni(simulator.settings(), { 'DEFAULT.state_path': join(directory, 'state') }), {
      mode: 0o600,
    });
    const settings = ['--config-file', file];
    const dpm = (...words: readonly string[]) => [process.execPath, main, ...words];
    const first = simulator.volumes[0]?.name ?? '';
    const env = { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') };
    const [node = '', ...create] = dpm(
      ...settings,
      'server',
      'create',
      'web1',
      '--vcpus',
      '1',
      '--memory',
      '1024',
      '--volume',
      first,
    );
    await run(node, create, { env });
    const commands = [
      { command: 'node -e 0', argv: [process.execPath, '-e', '0'], most: 1 },
      { command: 'dpm --version', argv: dpm('--version'), most: 3.4 },
      { command: 'dpm server list', argv: dpm(...settings, 'server', 'list'), most: 8.6 },
      { command: 'dpm server show', argv: dpm(...settings, 'server', 'show', 'web1'), most: 8.6 },
    ];
    const seconds = commands.map(() => 0);
    for (let round = 0; round <= ROUNDS; round += 1)
      for (const [index, { argv }] of commands.entries()) {
        const { stdout } = await run('sh', ['-c', repeat, 'sh', ...argv], { env: { ...env, RUNS: String(RUNS) } });
        // The first round only fills the cache of compiled modules.
        if (round > 0) seconds[index] = (seconds[index] ?? 0) + childSeconds(stdout);
      }
    const [base = 1] = seconds;
    return commands
      .slice(1)
      .map(({ command, most }, index) => ({ command, most, ratio: (seconds[index + 1] ?? 0) / base }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Reads the second line of `times`, of the children: `0m1.234s 0m0.567s`. */
function childSeconds(output: string): number {
  const times = [...output.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
  );
  const [user, system] = times.slice(2);
  if (user === undefined || system === undefined) throw new Error(`the shell printed no times: ${output}`);
  return user + system;
}
