import type { Mutant } from './hunt.ts';
import { parking, scenarios } from './scenarios.ts';

/* What the matrix has to notice. A defect is planted while a row acts; the clean-up after it runs without the defect. */

const engine = 'src/compute/journal/run.ts';
const { spawn, attach, detach } = scenarios;
const remove = scenarios.delete;

const pastReturn = `    return this.#started.some((entry) => entry.step.pivot === true);`;
const undoing = `        await this.#undo(entry.step, entry.effect);`;

/** Of the engine that runs the flows of the compute manager. */
export const engineMutants: readonly Mutant[] = [
  {
    name: 'undo is skipped',
    file: engine,
    edits: [[undoing, '']],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403/,
    problem: /^not as before/,
  },
  {
    name: 'undo is switched off, and says that it failed',
    file: engine,
    edits: [[undoing, `throw new Error('off');`]],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^stuck, but "refused, 403 once, there" has to end rolled back/,
  },
  {
    name: 'undo ends after the last step',
    file: engine,
    edits: [['this.#started.pop();', 'this.#started.length = 0;']],
    scenario: attach,
    rows: /^attach: throw (before|after)-run add-volume\/(attach|complete) \(/,
    problem: /^not as before/,
  },
  {
    name: 'undo is not tried again',
    file: engine,
    edits: [['policy: policy.retry, signal: shielded', 'policy: { ...policy.retry, attempts: 1 }, signal: shielded']],
    scenario: attach,
    rows: /throw after-run add-volume\/attach, and the first undo fails once/,
    problem: /^stuck, but "throw once, there" has to end rolled back/,
  },
  {
    name: 'a pivot is not tried again',
    file: engine,
    edits: [['step.pivot === true ? retry(attempt, repeat) : attempt()', 'attempt()']],
    scenario: remove,
    rows: /destroy\/stop-partition, hmc Stop Partition #1: refuse .*403.* once/,
    problem: /^stuck, but "refused, 403 once, past" has to end absorbed/,
  },
  {
    name: 'that nothing has changed is ignored',
    file: engine,
    edits: [['withdraw?.();', '']],
    scenario: remove,
    rows: /destroy\/find-partition, hmc .*: refuse status 40[039].*/,
    problem: /^stuck, but "refused, 40\d (once|for good), begin" has to end rolled back/,
  },
  {
    name: 'every failure counts as one that has changed nothing',
    file: engine,
    edits: [["if (results.length > 0 && results.every((end) => end === 'nothing-changed'))", 'if (true)']],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^not as before/,
  },
  {
    name: 'a step whose outcome is unknown counts as not started',
    file: engine,
    edits: [[undoing, `if (entry.effect.kind === 'done') await this.#undo(entry.step, entry.effect);`]],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^not as before/,
  },
  {
    name: 'a pivot can be undone',
    file: engine,
    edits: [[pastReturn, '    return false;']],
    scenario: remove,
    rows: /destroy\/delete-partition, hmc Delete Partition #1: refuse status 409 reason 1 for good/,
    problem: /^not as before|^rolled back, but/,
  },
  {
    name: 'what waits is told as stuck',
    file: engine,
    edits: [['const waitsFor = this.#waitsFor(errors);', 'const waitsFor = undefined;']],
    scenario: remove,
    rows: /destroy\/delete-partition, hmc Delete Partition #1: refuse-connection for good/,
    problem: /^stuck, but "refuse-connection for good, past" has to end waiting/,
  },
  {
    name: 'what is stuck is told as waiting',
    file: engine,
    edits: [['const waitsFor = this.#waitsFor(errors);', `const waitsFor = 'HMC';`]],
    scenario: remove,
    rows: /destroy\/delete-partition, hmc Delete Partition #1: refuse status 409 reason 1 for good/,
    problem: /^waiting, but "refused, 409 for good, past" has to end stuck/,
  },
  {
    name: 'what is left is not named',
    file: engine,
    edits: [
      [
        'const named = new Set(remaining.flatMap(({ step, effect }) => this.#leftBehindBy(step, effect)));',
        'const named = new Set();',
      ],
    ],
    scenario: remove,
    rows: /destroy\/delete-partition, hmc Delete Partition #1: refuse status 409 reason 1 for good/,
    problem: /^left behind and not named/,
  },
];

const destroyFile = 'src/spawn/destroy.ts';
const stopIt = `  return (await stop(found.partition, request, tools, call)) ?? found;`;
const stopFirst = `    lastReading = await act('stop-partition', async () => await stop(ours.partition, request, tools, call));`;
const unmapIt = `    await mapper.unmap(call);
    return found;`;

/** Of the verbs, on a machine with vHBAs. */
export const vhbaMutants: readonly Mutant[] = [
  {
    name: 'a spawn that cannot start its partition says that it did',
    file: 'src/spawn/spawn.ts',
    edits: [
      [
        'return await startPartition(bootPlan, tools, { ...call, progress });',
        `return await startPartition(bootPlan, tools, { ...call, progress }).catch(() => ({ status: 'active', path: boot.path, attempts: 1 }));`,
      ],
    ],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^reported done, but not as it is without a fault/,
  },
  {
    name: 'a destroy leaves the partition, and its ports',
    file: destroyFile,
    edits: [['if (partition !== undefined) await deleteAtRest(partition, request, tools, call);', '']],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^not as before: .*new: (hba|partition)/,
  },
  {
    name: 'a destroy leaves the masks while it gives up their ports',
    file: destroyFile,
    edits: [[unmapIt, '    return found;']],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^after destroy\/delete-partition: masked to ports that were given up/,
  },
  {
    name: 'a destroy does not stop the partition',
    file: destroyFile,
    edits: [
      [stopIt, '  return found;'],
      [stopFirst, ''],
    ],
    scenario: remove,
    rows: /destroy\/find-partition, hmc .*: refuse status 409 reason 2 .*once \(/,
    problem: /^a volume is unmapped under a partition in status "active"/,
  },
  {
    name: 'a destroy unmaps before it stops the partition',
    file: destroyFile,
    edits: [[stopFirst, `    await act('unmap-volumes', () => mapper.unmap(call));\n${stopFirst}`]],
    scenario: remove,
    rows: /destroy\/find-partition, hmc .*: refuse status 409 reason 2 .*once \(/,
    problem: /^a volume is unmapped under a partition in status "active"/,
  },
  {
    name: 'a way back destroys the partition of somebody else too',
    file: destroyFile,
    edits: [
      [
        '    partitions.recordPartitionDeleted(owner);',
        `    const other = await tools.hmc.partitions.findByName(tools.cpcUri, 'payroll', call);
    if (other !== undefined) {
      await tools.lifecycle.ensureStopped(other, call);
      await tools.lifecycle.deleteStopped(other, call);
    }
    partitions.recordPartitionDeleted(owner);`,
      ],
    ],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^not as before: gone: partition payroll/,
  },
];

const attachFile = 'src/spawn/attach.ts';

/** Of engine and verbs, on a machine with storage groups. */
export const groupMutants: readonly Mutant[] = [
  {
    name: 'undo goes in the wrong order',
    file: engine,
    edits: [
      [
        'for (let entry = this.#started.at(-1); entry !== undefined; entry = this.#started.at(-1)) {',
        'for (let entry = this.#started.at(0); entry !== undefined; entry = this.#started.at(0)) {',
      ],
      ['this.#started.pop();', 'this.#started.shift();'],
    ],
    scenario: attach,
    rows: /^attach: throw after-run add-volume\/attach \(/,
    problem: /^not as before|^stuck, but/,
  },
  {
    name: 'a destroy forgets the storage group',
    file: destroyFile,
    edits: [
      [
        `  if (storage.model === 'storage-group') await act('delete-storage-group', () => storage.deallocate(owner, call));\n`,
        '',
      ],
    ],
    scenario: spawn,
    rows: /Start Partition #1: refuse .*403.* once \(/,
    problem: /^not as before: .*new: storage-group/,
  },
  {
    name: 'a detach forgets the side of the HMC',
    file: attachFile,
    edits: [
      [
        '      driver.disconnectVolume(info, instance, optionsFor(volume, { ...call, progress })),',
        '      Promise.resolve(),',
      ],
    ],
    scenario: detach,
    rows: /remove-volume\/begin-detaching, cinder .*: session-lost once \(/,
    problem: /^reported done, but not as it is without a fault/,
  },
];

/** Of the verbs that nobody journals, on a machine with storage groups. */
export const loneGroupMutants: readonly Mutant[] = [
  {
    name: 'an attach forgets its own undo',
    file: attachFile,
    edits: [
      [
        `    await undoPartialWork(error, tools, call, (w) =>
      undo('roll-back-volume', () => driver.rollback(info, instance, optionsFor(volume, w))),
    );`,
        '',
      ],
    ],
    scenario: parking.attach,
    rows: /throw after-run attach-volume\/connect-volume/,
    problem: /^left behind and not told|^unfinished, but/,
  },
];

/** Of the verbs that nobody journals, on a machine with vHBAs. */
export const loneMutants: readonly Mutant[] = [
  {
    name: 'a destroy for a manager that unmaps later gives the WWPNs back',
    file: 'src/spawn/park.ts',
    edits: [[`  if (initiators.length === 0 && !partitions.hadPorts(owner)) {`, `  {`]],
    scenario: parking.park,
    rows: /destroy\/find-partition, hmc .*: refuse status 409 reason 2 .*once \(/,
    problem: /masked to ports that were given up/,
  },
];
