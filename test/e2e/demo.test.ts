import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

/**
 * Lines that say what the machine is; they are checked separately. The steps of the driver differ with storage groups, and
 * one that took no time is not printed: main-job.test.ts compares them.
 */
const ofTheMachine =
  /^Simulated: |^ok (?:hmc|storage model) |^ {2}(?:initiators|boots from) |^ok network net2 |^done +web1: |^Done in /;

/** What `npm run demo -- --machine …` prints, on both streams, without what differs from run to run. */
async function demo(machine: string): Promise<readonly string[]> {
  const script = join(root, 'scripts', 'demo.ts');
  const { stdout, stderr } = await run(process.execPath, [script, '--machine', machine], { cwd: root });
  return [...stdout.split('\n'), ...stderr.split('\n')].map(withoutChance);
}

const consoleLog = '$ dpm console log show web1 -f table';

/** Returns the lines of the console log. */
function logOf(lines: readonly string[]): readonly string[] {
  const begin = lines.indexOf(consoleLog);
  return begin < 0 ? [] : lines.slice(begin + 1, lines.indexOf('', begin));
}

function withoutChance(line: string): string {
  return line
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replaceAll(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g, '<mac>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
    .replaceAll(/\S+nova-dpm-demo-\w+/g, '<directory>')
    .replaceAll(/\d+\.\d\d s$|\d+ s apart$/g, '<time>');
}

describe('the demo', { timeout: 180_000 }, () => {
  let z13: readonly string[];

  beforeAll(async () => {
    z13 = await demo('z13');
  }, 180_000);

  test('on a z13 runs all commands with vHBAs, and reports that nothing is left behind', () => {
    expect(z13).toContainEqual(expect.stringMatching(/^ {2}server web1 is ACTIVE, 3 processors, 6144 MiB; /));
    expect(z13).toContain('HMC, SAN and Cinder are as at the start.');
    expect(z13).toContainEqual(expect.stringMatching(/^ok storage model vHBAs/));
    expect(z13).toContainEqual(expect.stringMatching(/^ {2}boots from storage-adapter: /));
    expect(z13).toContain('  network net1, 10.0.0.5/24: osd NIC OpenStack_Port_<uuid>, device 0001, MAC <mac>');
    expect(z13.filter((line) => line.startsWith('$ dpm '))).toHaveLength(7);
  });

  test.each(['z14', 'z15', 'z16', 'z17'])('on a %s prints the same with storage groups', async (machine) => {
    const lines = await demo(machine);

    expect(lines).toContainEqual(expect.stringMatching(/^ok storage model storage groups/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}initiators \(storage-group\): /));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}boots from storage-volume: /));
    expect(logOf(lines)).toContainEqual(expect.stringMatching(/^Linux version /));
    const own = new Set([consoleLog, ...logOf(lines)]);
    const common = (all: readonly string[]) =>
      all.filter((line) => line !== '' && !own.has(line) && !ofTheMachine.test(line));
    expect(common(lines)).toEqual(common(z13));
  });
});
