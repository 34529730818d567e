import type { Simulator } from '../../src/simulator/index.ts';
import { ends } from './messages.ts';
import type { End, WorkerReport } from './messages.ts';

/** Counts the operations of a soak, and collects its problems. */
export class Tally {
  rounds = 0;
  kills = 0;
  restarts = 0;
  strikes = 0;
  workerRssMib = 0;
  /** Maximum number at one time. */
  partitions = 0;
  readonly problems: string[] = [];
  readonly byEnd = new Map<End, number>(ends.map((end) => [end, 0]));
  readonly byVerb = new Map<string, number>();
  readonly #startedAt = performance.now();
  #nextLineAt = this.#startedAt + 60_000;

  get operations(): number {
    return [...this.byEnd.values()].reduce((sum, each) => sum + each, 0);
  }

  hear(report: WorkerReport): void {
    if (report.kind === 'problem') this.problems.push(report.text);
    if (report.kind !== 'operation') return;
    this.byEnd.set(report.end, (this.byEnd.get(report.end) ?? 0) + 1);
    this.byVerb.set(report.verb, (this.byVerb.get(report.verb) ?? 0) + 1);
    this.workerRssMib = report.rssMib;
  }

  /** Call it before the rules, and with them their counts, are cleared. */
  takeStrikes(sim: Simulator): void {
    this.strikes += countStrikes(sim);
  }

  /** Reads the state of the machine; prints a line every minute. */
  look(print: (line: string) => void, sim: Simulator): void {
    const partitions = sim.hmc.model.all('partition').length;
    this.partitions = Math.max(this.partitions, partitions);
    if (performance.now() < this.#nextLineAt) return;
    this.#nextLineAt += 60_000;
    print(this.#line(this.strikes + countStrikes(sim)));
  }

  summary(): string {
    const counts = (map: ReadonlyMap<string, number>) =>
      [...map].map(([name, number]) => `${number} ${name}`).join(', ');
    return `${this.#line(this.strikes)}\n  operations: ${counts(this.byVerb)}\n  ended: ${counts(this.byEnd)}\n  ${this.rounds} rounds, ${this.problems.length} problems`;
  }

  #line(strikes: number): string {
    const minutes = ((performance.now() - this.#startedAt) / 60_000).toFixed(1);
    const own = Math.round(process.memoryUsage().rss / 2 ** 20);
    return `soak, ${minutes} min: ${this.operations} operations, up to ${this.partitions} partitions, ${strikes} faults struck, ${this.kills} kills, ${this.restarts} restarts of HMC or Cinder, memory ${this.workerRssMib} MiB (manager), ${own} MiB (simulators)`;
  }
}

function countStrikes({ faults }: Simulator): number {
  return faults.rules.reduce((sum, { id }) => sum + faults.struck(id), 0);
}
