import type { Simulator } from '../../../src/simulator/index.ts';
import type { Most, Seen } from './messages.ts';

/** Looks at the partitions at each answer of the HMC: nothing about them changes between two of its requests. */
export class Witness {
  readonly #sim: Simulator;
  #most: Most = { starting: 0, memoryMib: 0, processors: 0 };
  #looks = 0;

  constructor(sim: Simulator) {
    this.#sim = sim;
    const begin = sim.log.begin.bind(sim.log);
    sim.log.begin = (start) => {
      const handle = begin(start);
      const end = handle.end.bind(handle);
      return {
        ...handle,
        end: (status) => {
          end(status);
          if (start.server === 'hmc') this.#look();
        },
      };
    };
  }

  seen(): Omit<Seen, 'snapshot'> {
    const partitions = this.#partitions().map(({ name, status }) => ({
      name: name as string,
      status: status as string,
    }));
    return { most: this.#most, looks: this.#looks, partitions };
  }

  #look(): void {
    const partitions = this.#partitions();
    const sum = (property: string) => partitions.reduce((total, props) => total + Number(props[property]), 0);
    this.#looks += 1;
    this.#most = {
      starting: Math.max(this.#most.starting, partitions.filter(({ status }) => status === 'starting').length),
      memoryMib: Math.max(this.#most.memoryMib, sum('initial-memory')),
      processors: Math.max(this.#most.processors, sum('ifl-processors')),
    };
  }

  #partitions() {
    return this.#sim.hmc.model.all('partition').map(({ props }) => props);
  }
}
