import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { goAway, ways } from '../outage/away.ts';
import { ended, startDpm } from '../support/cli.ts';
import { recordDpm, screenLines } from '../support/pty.ts';
import type { Recording } from '../support/pty.ts';
import { toIni } from '../support/world.ts';

/*
 * What a user sees in a terminal of 80 columns and 24 lines while something goes wrong: the HMC does not answer for a
 * while, and an earlier command died in the middle of its work.
 */

const COLUMNS = 80;
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-recorded-'));
const env = { NOVA_DPM_CONFIG: join(directory, 'nova-dpm.conf') };
let sim: Simulator;

beforeAll(async () => {
  // Slow enough for a progress line of a running step, and for a kill in the middle.
  sim = await startSimulator({ machine: 'z13', adapters: 2, timing: { startMs: 600, stopMs: 200 } });
  const settings = toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state') });
  writeFileSync(env.NOVA_DPM_CONFIG, `${settings}\n`, { mode: 0o600 });
});

afterAll(async () => {
  await sim.close();
  rmSync(directory, { recursive: true, force: true });
});

const stateWords = /^(?:running|done|failed|undoing|undone|stuck|waiting|back) /;

/** The lines of a recording that are progress or messages; the tables of results are tested elsewhere. */
function linesOf({ output }: Recording): readonly string[] {
  return screenLines(output).filter((line) => stateWords.test(line) || /^(?:dpm:| {5})/.test(line));
}

function expectReadable(recording: Recording): void {
  const lines = linesOf(recording);
  expect(lines.length, recording.output).toBeGreaterThan(2);
  expect(lines.filter((line) => line.length >= COLUMNS)).toEqual([]);
  expect(lines.filter((line) => line.includes('…'))).toEqual([]);
  // Only an outage is about no server.
  const ofSteps = lines.filter((line) => stateWords.test(line) && !/^(?:waiting|back) +HMC /.test(line));
  expect(ofSteps.filter((line) => !/^\w+ +web1: /.test(line))).toEqual([]);
}

const create = 'server create web1 --vcpus 1 --memory 1024 --volume boot-1';

describe('in a terminal of 80 columns', { timeout: 300_000 }, () => {
  it('an outage of the HMC is shown with its start, and its end', async () => {
    // After the logon and the first requests: only an HMC that has answered before is waited for.
    const absence = goAway(sim, { peer: 'hmc', skip: 8, way: ways[0] });
    let showOutage: () => void = () => undefined;
    const isShown = new Promise<void>((resolve) => (showOutage = resolve));
    const recording = recordDpm(create, env, (output) => {
      if (output.includes('has not answered since')) showOutage();
    });
    await absence.begun;
    await Promise.race([isShown, recording]);
    await absence.end();
    const recorded = await recording;

    expect(recorded.code, recorded.output).toBe(0);
    expectReadable(recorded);
    const text = linesOf(recorded).join('\n');
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(
      /waiting HMC 127\.0\.0\.1:\d+ has not answered since \d\d:\d\d:\d\d; trying again until \d\d:/,
    );
    expect(text).toMatch(/^back +HMC 127\.0\.0\.1:\d+ answers again$/m);
    expect(text).toMatch(/^done +web1: starting the partition +\d+\.\d\d s$/m);
    const deleted = await recordDpm('server delete web1', env);
    expect(deleted.code, deleted.output).toBe(0);
    expectReadable(deleted);
  });

  it('the command after an interrupted create says that it undoes it', async () => {
    const child = startDpm(create.split(' '), { env });
    const end = ended(child);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (text.includes('mapping the volumes')) resolve();
      });
    });
    child.kill('SIGKILL');
    await end;

    const deleted = await recordDpm('server delete web1', env);

    expect(deleted.code, deleted.output).toBe(0);
    expectReadable(deleted);
    const text = linesOf(deleted).join('\n');
    expect(text).toMatch(/^dpm: undoing the interrupted create of web1$/m);
    expect(text).toMatch(/^done +web1: deleting the partition +\d+\.\d\d s$/m);
    expect(text).toMatch(/^undone +web1: building the server +\d+\.\d\d s$/m);
  });

  it('a failure says what failed, why, what was done and what to type, without cutting a word', async () => {
    sim.faults.add({
      id: 'boot',
      server: 'hmc',
      operation: 'Start Partition',
      when: { times: -1 },
      kind: { type: 'refuse', status: 403, reason: 1 },
    });

    const failed = await recordDpm(create, env);

    expect(failed.code).toBe(1);
    expectReadable(failed);
    const text = linesOf(failed)
      .filter((line) => !stateWords.test(line))
      .map((line) => line.trimStart())
      .join(' ');
    expect(text).toMatch(/dpm: Cannot create server "web1": the HMC refused to start partition .*403\.1/);
    expect(text).toMatch(/Everything was rolled back\. Give the user the task permission .*\. \[req-/);
  });
});
