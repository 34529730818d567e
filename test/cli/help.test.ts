import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { visibleCommands } from '../../src/cli/complete.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { fakeIo, runDpm, runFake } from '../support/cli.ts';

function paths(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return [path, ...visibleCommands(command).flatMap((child) => paths(child, [...path, child.name()]))];
}

const root = buildProgram(fakeIo(), async () => undefined);
const all = paths(root);

test('there are as many commands as the contract has', () => {
  expect(all.map((path) => path.join(' '))).toEqual(
    expect.arrayContaining([
      'server create',
      'server add volume',
      'hypervisor stats',
      'flow resume',
      'doctor',
      'config show',
    ]),
  );
  expect(all.length).toBeGreaterThan(28);
});

test.each(all.map((path) => ({ name: path.join('-') || 'dpm', path })))(
  'the help of $name is as it was',
  async ({ name, path }) => {
    const short = await runFake([...path, '-h']);
    const long = await runFake([...path, '--help']);

    expect(short).toMatchObject({ code: 0, stderr: '' });
    expect(long.stdout).toBe(short.stdout);
    expect(short.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    await expect(short.stdout).toMatchFileSnapshot(`help/${name}.txt`);
  },
);

test('the help fills the width of a terminal, and names settings files and variables', async () => {
  const { stdout } = await runFake(['-h'], fakeIo({ isTerminal: true })); // 100 columns
  const widest = Math.max(...stdout.split('\n').map((line) => line.length));

  expect(widest).toBeGreaterThan(80);
  expect(widest).toBeLessThanOrEqual(100);
  for (const word of [
    './nova-dpm.conf',
    '/etc/nova-dpm/nova-dpm.conf',
    'NOVA_DPM_CONFIG',
    'NOVA_DPM_PATH_TOKEN',
    'OS_*',
  ])
    expect(stdout).toContain(word);
});

test('no secret can be given as an argument, where the process list would show it', () => {
  const flags = all.flatMap((path) => {
    const command = path.reduce<Command>(
      (parent, name) => parent.commands.find((child) => child.name() === name)!,
      root,
    );
    return command.options.map(({ flags: text }) => text);
  });

  expect(flags.length).toBeGreaterThan(30);
  expect(flags.filter((text) => /passw|secret|token|credential/i.test(text) && !text.includes('-file <file>'))).toEqual(
    [],
  );
});

test('the process itself prints its help and its version', async () => {
  const help = await runDpm(['server', '-h']);
  const version = await runDpm(['--version']);

  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('Usage: dpm server');
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
