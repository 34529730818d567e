import { givenUp } from './judge.ts';
import type { Stage } from './stage.ts';

/** In which a guest may write to its disks. */
const running: ReadonlySet<unknown> = new Set(['active', 'degraded', 'starting', 'stopping']);

/** What must not be at any moment of a destroy, however it ends. */
export class Dangers {
  readonly #found = new Set<string>();
  readonly #stop: () => void;

  /** @param isBlind - the array does otherwise than Cinder says: nobody can keep to it */
  constructor(stage: Stage, isBlind: boolean) {
    const { traps, world } = stage;
    const { faults } = world.sim;
    const decide = faults.decide.bind(faults);
    if (!isBlind)
      traps.onPass = ({ at, flow, step }) => {
        const isEnd = at === 'after-run' && flow === 'destroy' && /^delete-|^park-/.test(step);
        const lost = isEnd ? givenUp(stage.picture()) : '';
        if (lost !== '') this.#found.add(`after ${flow}/${step}: ${lost}`);
      };
    faults.decide = (server, operation, subject) => {
      if (operation === 'Unmap Volume' && stage.step.startsWith('destroy/'))
        for (const { name, status } of stage.world.sim.snapshot().hmc.partition)
          if (typeof name === 'string' && name.startsWith('OpenStack-') && running.has(status))
            this.#found.add(`a volume is unmapped under a partition in status ${JSON.stringify(status)}`);
      return decide(server, operation, subject);
    };
    this.#stop = () => {
      Reflect.deleteProperty(faults, 'decide');
    };
  }

  /** @returns what was wrong; empty when nothing was */
  end(): string {
    this.#stop();
    return [...this.#found].join('; ');
  }
}
