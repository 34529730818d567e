import { waysOf } from '../support/witness.ts';
import type { ToldPath } from '../support/witness.ts';
import type { Ending } from './judge.ts';
import type { Stage } from './stage.ts';

/**
 * What the path service tells over HTTP before a row, after it and at the end of it, held against the word of the
 * simulated SAN. Without a host there is no service, and nothing to hold against.
 */
export class Testimony {
  readonly #before: readonly string[];

  private constructor(before: readonly string[]) {
    this.#before = before;
  }

  static async before(stage: Stage): Promise<Testimony> {
    stage.host?.violations.splice(0);
    return new Testimony(told(await allPaths(stage)));
  }

  /** @returns what is wrong; empty when the service says what the flow says */
  async against(stage: Stage, ending: Ending, isDeceived: boolean): Promise<string> {
    const { witness, host } = stage;
    if (witness === undefined || host === undefined) return '';
    if (host.violations.length > 0) return `on the host: ${host.violations.join('; ')}`;
    // What is stuck is named by the flow, and what nobody can know by \`dpm verify\`; both are tidied up below.
    if (ending === 'stuck' || ending === 'waiting' || isDeceived) return '';
    const [paths, orphans] = [await allPaths(stage), await witness.orphans()];
    if (orphans.length > 0) return `the path service names ${JSON.stringify(orphans)}`;
    // While another process holds the state directory, the service is silent about what that one may be at.
    const findings = await stage.manager.verify(stage.world.context);
    if (findings.length > 0) return `dpm verify names ${JSON.stringify(findings)}`;
    const active = waysOf(paths.filter(({ kind, state }) => kind === 'host' && state === 'active'));
    const ports = paths.filter(({ kind }) => kind === 'partition').map((path) => path.initiator_wwpn);
    for (const [said, inSan] of [
      [active, witness.mapped()],
      [[...new Set(ports)].toSorted(), witness.maskedElsewhere()],
    ] as const)
      if (!isSame(said, inSan))
        return `the path service tells of [${said.join(', ')}], the SAN of [${inSan.join(', ')}]`;
    // A detach that failed may have happened after all.
    if (ending === 'rolled back' && paths.length > 0 && !isSame(told(paths), this.#before))
      return `the path service tells of ${told(paths).join(', ')}, and before of ${this.#before.join(', ')}`;
    return '';
  }

  /** When all has been tidied up. */
  async atTheEnd({ witness, host }: Stage): Promise<string> {
    if (witness === undefined || host === undefined) return '';
    const [paths, orphans] = [await witness.paths(), await witness.orphans()];
    if (paths.length > 0 || orphans.length > 0)
      return `the path service still tells of ${JSON.stringify([...paths, ...orphans])}`;
    return host.violations.length === 0 ? '' : `on the host, while tidying up: ${host.violations.join('; ')}`;
  }
}

async function allPaths({ witness }: Stage): Promise<readonly ToldPath[]> {
  return (await witness?.paths()) ?? [];
}

function told(paths: readonly ToldPath[]): readonly string[] {
  return paths.map((path) => `${waysOf([path]).join('')} ${path.state}`).toSorted();
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
