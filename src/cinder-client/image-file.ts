import { createHash, getHashes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConflictError, describeError } from '../base/index.ts';
import { CinderSchemaError } from './errors.ts';
import type { ImageDetail } from './types.ts';

/** The slowest connection for which a download has time, in bytes per millisecond: about 1 MB/s. */
const SLOWEST = 1_000;

/** A file that a download fills with the content of an image. */
export class ImageFile {
  readonly #what: string;
  readonly #image: ImageDetail;
  readonly #file: string;
  #bytes = 0;
  #writeError: unknown;

  constructor(what: string, image: ImageDetail, file: string) {
    this.#what = what;
    this.#image = image;
    this.#file = file;
  }

  get timeoutMs(): number {
    return 60_000 + (this.#image.bytes ?? 0) / SLOWEST;
  }

  /**
   * Compares what was written with the size and the sum that Glance shows.
   *
   * @param transfer - downloads, and gives the content to its parameter
   * @throws CinderSchemaError when they differ, ConflictError when the file cannot be written
   */
  async fill(transfer: (take: (content: Readable) => Promise<void>) => Promise<void>): Promise<void> {
    const { hash } = this.#image;
    const sum = hash !== undefined && getHashes().includes(hash.algorithm) ? createHash(hash.algorithm) : undefined;
    const count = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#bytes += chunk.length;
        sum?.update(chunk);
        done(null, chunk);
      },
    });
    try {
      await transfer(async (content) => await this.#write(content, count));
    } catch (error) {
      if (this.#writeError === undefined) throw error;
      // Glance is not to blame, and a repetition does not help.
      const text = `${this.#what}: the file "${this.#file}" cannot be written: ${describeError(this.#writeError)}`;
      throw new ConflictError(text, { file: this.#file }, { cause: error });
    }
    this.#compare(sum?.digest('hex'));
  }

  async #write(content: Readable, count: Transform): Promise<void> {
    const file = createWriteStream(this.#file, { mode: 0o600 });
    file.once('error', (error: NodeJS.ErrnoException) => {
      // An error of the connection also ends the file; only these are its own.
      if (error.syscall === 'open' || error.syscall === 'write') this.#writeError = error;
    });
    await pipeline(content, count, file);
  }

  #compare(found: string | undefined): void {
    const { bytes, hash } = this.#image;
    if (bytes !== null && this.#bytes !== bytes) {
      throw new CinderSchemaError(`${this.#what}: received ${this.#bytes} bytes, expected ${bytes}`);
    }
    if (hash === undefined || found === undefined || found === hash.value) return;
    throw new CinderSchemaError(`${this.#what}: the ${hash.algorithm} sum is ${found}, expected ${hash.value}`);
  }
}
