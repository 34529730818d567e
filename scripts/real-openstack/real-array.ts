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
  /** What Cinder's volume driver was asked for, the last 500 times. */
  calls: z.array(callSchema),
  /** Number of the last call. */
  serial: z.int(),
});

/** One volume as the array presents it to one host. */
export type ArrayMask = z.infer<typeof maskSchema>;
/** All that the array knows: volumes, masks, and what a correct client never causes. */
export type ArrayState = z.infer<typeof arraySchema>;

/** A call of Cinder's that the array is to refuse: from the nth one on since now, so many times. */
export interface RefusedCall {
  readonly method: 'initialize_connection' | 'terminate_connection';
  readonly nth?: number;
  readonly times: number;
  readonly error: 'backend' | 'busy' | 'timeout' | 'crash';
}

/** As many arrays are: terminating a connection that is not there is an error, not nothing. */
const always = { strict_terminate: true } as const;

/** What the array can be told to do otherwise; the keys are its driver's. */
export interface ArrayQuirks {
  readonly fail?: readonly RefusedCall[];
  /** `mask`: a connection that is refused leaves its mask behind all the same. */
  readonly after_fail?: 'mask';
  readonly target_lun_as?: 'int' | 'string' | 'hex';
  readonly wwn_case?: 'lower' | 'upper' | 'colon';
  readonly lun_first?: number;
}

/** The storage array behind the real Cinder: a file that its volume driver keeps. Read anew whenever it is looked at. */
export class RealArray {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(): ArrayState {
    return arraySchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
  }

  /** How often a method was refused since the call of this number. */
  refusalsSince(serial: number, method: RefusedCall['method']): number {
    return this.read().calls.filter((call) => call.n > serial && call.method === method && call.failed).length;
  }

  masksOf(volumeId: string): readonly ArrayMask[] {
    return this.read().masks.filter((mask) => mask.volume_id === volumeId);
  }

  /** From now on, until {@link behave}. */
  misbehave(quirks: ArrayQuirks): void {
    writeFileSync(join(this.#directory, 'quirks.json'), JSON.stringify({ ...always, ...quirks }));
  }

  behave(): void {
    this.misbehave({});
  }

  /**
   * Takes a volume's masks away as an administrator of the array does, behind the back of Cinder.
   *
   * @remarks Without the driver's lock on the file: call it only while Cinder has nothing to do.
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
