import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { expect, test } from 'vitest';
import { visibleCommands } from '../../src/cli/complete.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { fakeIo, runDpm, runFake } from '../support/cli.ts';
import { toIni } from '../support/world.ts';

/*
 * Walks the tree of commands: whatever takes a value gets a wrong one. A new command, argument or option is covered the
 * day it is written, or this test names what it does not know a wrong value for.
 */

/** Values that are wrong for nearly everything; what refuses none of them has a row below. */
const suspects = ['', ' ', 'x'.repeat(5000), 'a\u0007b', '-1', 'no-such-thing'];

/** Wrong values that show only when the command runs, by the long name of the option; and the words of the message. */
const wrongLater: Readonly<Record<string, { readonly value: string; readonly words: readonly string[] }>> = {
  '--config-file': { value: '/none.conf', words: ['a file that exists'] },
  '--column': { value: 'no-such-column', words: ['"no-such-column"'] },
  '--sort-column': { value: 'no-such-column', words: ['--sort-column', '"no-such-column"'] },
  '--log-file': { value: '/dev/null/dpm.log', words: ['a file that can be written'] },
  '--machine': { value: 'z9', words: ['a file that exists'] },
  '--inventory': { value: '/none.yaml', words: ['a file that exists'] },
  '--keep': { value: '/dev/null/x', words: ['a directory that can be written'] },
  '--faults': { value: '/none.json', words: ['a file that exists'] },
  '--write-iso': { value: '/dev/null/x.iso', words: ['a file that can be written'] },
  '--write-config': { value: '/dev/null/x.conf', words: ['a file that can be written'] },
  '--svg': { value: '/dev/null/x.svg', words: ['a file that can be written'] },
  '--token-file': { value: '/none.txt', words: ['a file that exists'] },
  '--tls-cert': { value: '/none.pem', words: ['a file that exists'] },
  '--tls-key': { value: '/none.pem', words: ['a file that exists'] },
  '--description': { value: 'a\u0007b', words: ['up to 255 characters'] },
  '--iso': { value: 'x.iso', words: ['expected'] },
  '--iso-ins': { value: '/x.ins', words: ['expected', '--'] },
  '--ftp-host': { value: 'ftp.example.com', words: ['--boot-from ftp, ftps or sftp'] },
  '--ftp-username': { value: 'me', words: ['--boot-from ftp, ftps or sftp'] },
  '--ftp-insfile': { value: '/x.ins', words: ['--boot-from ftp, ftps or sftp'] },
  '--ftp-password-file': { value: '/none.txt', words: ['--boot-from ftp, ftps or sftp'] },
  '--shape': { value: 'no-such-shape', words: ['expected'] },
};

/** Needs a simulator that runs before it shows: in simulate.test.ts. */
const shownElsewhere: ReadonlySet<string> = new Set(['--keep', '--write-config', '--write-iso', '--shape']);

/** A good value for whatever else a command line needs. */
const good: Readonly<Record<string, string>> = {
  name: 'x1',
  server: 's1',
  volume: 'v1',
  network: 'n1',
  group: 'g1',
  partition: 'p1',
  id: 'f1',
  shell: 'bash',
  '--vcpus': '1',
  '--memory': '1024',
  '--size': '1',
  '--property': 'dpm:boot_timeout',
};

interface Taker {
  readonly command: Command;
  readonly what: Option | Argument;
}

function leavesOf(command: Command): Command[] {
  const below = visibleCommands(command);
  return below.length === 0 ? [command] : below.flatMap(leavesOf);
}

const isOption = (what: Option | Argument): what is Option => 'flags' in what;
const nameOf = (what: Option | Argument) => (isOption(what) ? (what.long ?? what.flags) : what.name());

const program = buildProgram(fakeIo(), () => Promise.resolve());
const leaves = leavesOf(program).filter((command) => command.name() !== 'help');
const list = leaves.find((command) => pathOf(command).join(' ') === 'server list');
const takers: readonly Taker[] = [
  ...leaves.flatMap((command) =>
    [...command.registeredArguments, ...command.options].map((what) => ({ command, what })),
  ),
  // The global options are those of every command: one stands for all.
  ...program.options.flatMap((what) => (list === undefined ? [] : [{ command: list, what }])),
].filter(({ what }) => !(isOption(what) && what.long === '--version'));

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

function refuses(what: Option | Argument, value: string): boolean {
  if (what.parseArg === undefined) return false;
  try {
    (what.parseArg as (value: string, before: unknown) => unknown)(value, undefined); // of the library's untyped parser
    return false;
  } catch {
    return true;
  }
}

function takesValue(what: Option | Argument): boolean {
  return !isOption(what) || what.required || what.optional;
}

/** The first suspect that its parser refuses, or what is known to be refused later. */
function wrongValue(
  what: Option | Argument,
): { readonly value: string; readonly words: readonly string[] } | undefined {
  const value = suspects.find((suspect) => refuses(what, suspect));
  return value === undefined ? wrongLater[nameOf(what)] : { value, words: what.argChoices ?? ['Expected'] };
}

function lineFor({ command, what }: Taker, value: string): string[] {
  const args = command.registeredArguments.flatMap((one) =>
    one === what ? [value] : one.required ? [good[one.name()] ?? `no good value for ${one.name()}`] : [],
  );
  const mandatory = command.options.filter((one) => one.mandatory && one !== what);
  const options = mandatory.flatMap((one) => [nameOf(one), good[nameOf(one)] ?? `no good value for ${nameOf(one)}`]);
  // Written as one word, since a value may begin with a dash.
  const own = isOption(what) ? [`${nameOf(what)}=${value}`] : [];
  const positional = args.some((arg) => arg.startsWith('-')) ? ['--', ...args] : args;
  return [...pathOf(command), ...options, ...own, ...positional];
}

const withValue = takers.filter(({ what }) => takesValue(what));
const flags = takers.filter(({ what }) => !takesValue(what));
const title = ({ command, what }: Taker) => `${['dpm', ...pathOf(command)].join(' ')}: ${nameOf(what)}`;

test('everything that takes a value has a wrong one', () => {
  expect(withValue.filter(({ what }) => wrongValue(what) === undefined).map(title)).toEqual([]);
  expect(leaves.length).toBeGreaterThan(20);
  expect(withValue.length).toBeGreaterThan(35);
  expect(flags.length).toBeGreaterThan(8);
});

const early = withValue.filter(({ what }) => !shownElsewhere.has(nameOf(what)));

test.each(early.map((taker) => [title(taker), taker] as const))(
  '%s refuses a wrong value with its name, the value and what was expected',
  async (_title, taker) => {
    const { value, words } = wrongValue(taker.what) ?? { value: '', words: [] };
    const io = fakeIo({ isTerminal: true });
    const verbose = nameOf(taker.what) === '--log-file' ? ['-v'] : []; // a log that says nothing is not opened

    const { code, stdout, stderr } = await runFake([...lineFor(taker, value), ...verbose], io);

    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(io.opened).toEqual([]);
    const shown = nameOf(taker.what) === '--column' ? '-c' : nameOf(taker.what);
    expect(stderr).toContain(shown);
    if (/^[\w./-]+$/.test(value) && value.length < 80) expect(stderr).toContain(value);
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).toMatch(/^dpm: [^\n]+\n$/);
    expect(stderr.length).toBeLessThan(1500);
  },
);

test.each(flags.map((taker) => [title(taker), taker] as const))('%s takes no value', async (_title, taker) => {
  const io = fakeIo({ isTerminal: true });

  const { code, stderr } = await runFake(lineFor(taker, 'maybe'), io);

  expect(code, stderr).toBe(2);
  expect(stderr).toContain(`${nameOf(taker.what)}=maybe`);
  expect(io.opened).toEqual([]);
});

test('no request is made before everything is known to be usable', { timeout: 120_000 }, async () => {
  await using sim = await startSimulator();
  const cwd = mkdtempSync(join(tmpdir(), 'nova-dpm-usage-'));
  try {
    writeFileSync(join(cwd, 'nova-dpm.conf'), toIni(sim.settings(), { 'DEFAULT.state_path': join(cwd, 'state') }));
    const wrong: readonly (readonly [string[], Record<string, string>])[] = [
      [['server', 'list'], { NOVA_DPM_DPM__MAX_MEMORY: 'lots' }],
      [['server', 'list', '-c', 'colour'], {}],
      [['server', 'create', 'x', '--vcpus', '1', '--memory', '1024', '--volume', 'v1,boot-index=300'], {}],
      [['verify', '--repair=maybe'], {}],
      [['hypervisor', 'show'], { NOVA_DPM_CINDER__AUTH_TYPE: 'kerberos' }],
      [['doctor'], { NOVA_DPM_DPM__BOOT_TIMEOUT: '59' }],
    ];

    for (const [argv, env] of wrong) {
      const { code, stderr } = await runDpm(argv, { cwd, env });

      expect(code, `${argv.join(' ')}: ${stderr}`).toBe(2);
    }
    expect(sim.log.entries).toEqual([]);
    expect((await runDpm(['hypervisor', 'show'], { cwd })).code).toBe(0);
    expect(sim.log.entries.length).toBeGreaterThan(0);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
