import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const maskSchema = z.object({
  volume_id: z.string(),
  host: z.string(),
  initiators: z.array(z.string()),
  lun: z.int().nonnegative(),
  targets: z.array(z.string()),
});

const callSchema = z.looseObject({ n: z.int(), method: z.string(), failed: z.string().optional() });

const arraySchema = z.looseObject({
  volumes: z.record(z.string(), z.object({ size: z.int(), name: z.string() })),
  masks: z.array(maskSchema),
  exports: z.array(z.string()),
  violations: z.array(z.looseObject({ what: z.string() })),
  /** The last 500 calls of Cinder's volume driver. */
  calls: z.array(callSchema),
  /** Number of the last call. */
  serial: z.int(),
});

/** One volume as the array presents it to one host. */
export type ArrayMask = z.infer<typeof maskSchema>;
/** The state of the array: volumes, masks, and violations, which a correct client never causes. */
export type ArrayState = z.infer<typeof arraySchema>;

/** A call of Cinder that the array refuses: so many times, from the n-th call on. */
export interface RefusedCall {
  readonly method: 'initialize_connection' | 'terminate_connection';
  readonly nth?: number;
  readonly times: number;
  readonly error: 'backend' | 'busy' | 'timeout' | 'crash';
}

/** Whether terminating a connection that does not exist is an error, as on many arrays. */
const always = { strict_terminate: true } as const;

/** Behaviour of the array that a test can change; the keys are those of its driver. */
export interface ArrayQuirks {
  readonly fail?: readonly RefusedCall[];
  /** `mask`: a refused connection leaves its mask behind. */
  readonly after_fail?: 'mask';
  readonly target_lun_as?: 'int' | 'string' | 'hex';
  readonly wwn_case?: 'lower' | 'upper' | 'colon';
  readonly lun_first?: number;
}

/** The storage array behind the real Cinder: a file of its volume driver, which each call reads again. */
export class RealArray {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(): ArrayState {
    return arraySchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
  }

  /** Returns how often a method was refused since the call with this number. */
  refusalsSince(serial: number, method: RefusedCall['method']): number {
    return this.read().calls.filter((call) => call.n > serial && call.method === method && call.failed).length;
  }

  masksOf(volumeId: string): readonly ArrayMask[] {
    return this.read().masks.filter((mask) => mask.volume_id === volumeId);
  }

  /** Valid until the next {@link behave}. */
  misbehave(quirks: ArrayQuirks): void {
    writeFileSync(join(this.#directory, 'quirks.json'), JSON.stringify({ ...always, ...quirks }));
  }

  behave(): void {
    this.misbehave({});
  }

  /**
   * Removes the masks of a volume as an administrator of the array could, without Cinder.
   *
   * @remarks Does not take the driver's lock on the file: call it only while Cinder is idle.
   */
  unmask(volumeId: string): void {
    const state = this.read();
    const masks = state.masks.filter((mask) => mask.volume_id !== volumeId);
    const scratch = `${this.#file}.unmasked`;
    writeFileSync(scratch, JSON.stringify({ ...state, masks }));
    renameSync(scratch, this.#file);
  }

  get #file(): string {
    return join(this.#directory, 'array.json');
  }
}
