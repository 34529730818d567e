import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { HmcOptions, KeptHmc } from './hmc/index.ts';
import type { KeptCinder } from './openstack/index.ts';
import type { KeptSan, SanOptions } from './san/index.ts';
import type { TlsMaterial } from './server/index.ts';

/** Changes with the form of the file. */
const VERSION = 1;

const FORMAT = 'nova-dpm simulator';

/** Options that make the machine and the SAN: a kept state continues with them. */
export type Basis = Pick<HmcOptions, 'machine' | 'definition' | 'adapters' | 'storageManagement'> & {
  readonly san?: SanOptions;
  readonly seed?: number;
};

/** Everything of a simulator that survives its process. Sessions, tokens, jobs and unfinished work do not. */
export interface KeptState {
  readonly basis: Basis;
  /** How often the simulator has been started with this state. */
  readonly starts: number;
  readonly ports: Readonly<Partial<Record<'hmc' | 'stomp' | 'keystone' | 'cinder' | 'glance', number>>>;
  readonly tls: { readonly hmc: TlsMaterial; readonly openstack: TlsMaterial } | undefined;
  readonly hmc: KeptHmc;
  readonly san: KeptSan;
  readonly cinder: KeptCinder;
}

/** The state in a directory cannot be used. */
export class KeptStateError extends Error {
  override readonly name = 'KeptStateError';
}

const header = z.looseObject({ format: z.literal(FORMAT), version: z.int() });

/** The directory of a kept state. */
export class Keeper {
  readonly directory: string;
  readonly #file: string;
  #last = '';

  /** Creates the directory, readable by its owner only: the state has the keys of the certificates. */
  constructor(directory: string) {
    this.directory = directory;
    this.#file = join(directory, 'simulator.json');
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new KeptStateError(`${directory} is not a directory that can be written`, { cause: error });
    }
  }

  /**
   * Returns the state; undefined if the directory has none.
   * @throws KeptStateError when the file is damaged or of another version
   */
  load(): KeptState | undefined {
    const text = this.#read();
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text, revive);
    } catch (error) {
      throw new KeptStateError(`${this.#file} is damaged: expected JSON`, { cause: error });
    }
    const found = header.safeParse(value);
    if (!found.success) throw new KeptStateError(`${this.#file} is not the state of a simulator`);
    if (found.data.version !== VERSION) {
      const advice = `expected version ${VERSION}; delete the directory or name another one`;
      throw new KeptStateError(`${this.#file} has version ${found.data.version} of the format: ${advice}`);
    }
    return found.data.state as KeptState; // the version says its form
  }

  /** Writes the state if it has changed. A reader finds the old state or the new one, also after a kill. */
  save(state: KeptState): void {
    const text = JSON.stringify({ format: FORMAT, version: VERSION, state }, replace);
    if (text === this.#last) return;
    const draft = `${this.#file}.tmp`;
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, this.#file);
    this.#last = text;
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new KeptStateError(`${this.#file} cannot be read`, { cause: error });
    }
  }
}

/** JSON has no maps and sets. */
function replace(_key: string, value: unknown): unknown {
  if (value instanceof Map) return { $map: [...(value as Map<unknown, unknown>)] };
  return value instanceof Set ? { $set: [...(value as Set<unknown>)] } : value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$map' in value) return new Map(value.$map as [unknown, unknown][]); // as replace made it
  return '$set' in value ? new Set(value.$set as unknown[]) : value; // as replace made it
}
