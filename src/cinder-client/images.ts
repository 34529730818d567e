import type { z } from 'zod';
import { ConfigError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { TransportRequest } from '../http/index.ts';
import { answerError, exchange } from './answers.ts';
import { CinderAuthError, isStatus, unreachablePeer } from './errors.ts';
import { ImageFile } from './image-file.ts';
import { repeat } from './policy.ts';
import type { Resources } from './resources.ts';
import type { Token, TokenSource } from './tokens.ts';
import type { Image, ImageDetail } from './types.ts';
import { imageAnswer, imageDetailAnswer, imagePage } from './wire/inventory.ts';
import { parseAnswer } from './wire/parse.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** More images of one name than this are not counted. */
const NAMESAKES = 100;
/** A message about an unknown image lists at most this many images. */
const SUGGESTIONS = 20;

export interface GlanceOptions {
  readonly resources: Resources;
  readonly tokens: TokenSource;
  /** Returns Glance's URL in the token's catalog, or undefined if the catalog has none. @throws ConfigError */
  readonly findUrl: (token: Token) => string | undefined;
}

/** Reads images of the Glance in Keystone's catalog. Source: glance api-ref, v2 images. */
export class Glance {
  readonly #options: GlanceOptions;

  constructor(options: GlanceOptions) {
    this.#options = options;
  }

  /**
   * Finds an image by ID, else by name.
   *
   * @throws NotFoundError when no image matches, or several do; ConfigError for a name without a Glance in the catalog
   */
  async find(nameOrId: string, w: Waiting): Promise<Image> {
    const url = this.#options.findUrl(await this.#options.tokens.get(w));
    if (url === undefined) {
      // Cinder knows Glance from its own settings.
      if (uuid.test(nameOrId)) return { id: nameOrId, name: '', status: 'active' };
      throw new ConfigError(
        `image "${nameOrId}": names are looked up in Glance, and Keystone's catalog has no endpoint of type "image"; give the image's ID`,
      );
    }
    const byId = uuid.test(nameOrId) ? await this.#byId(url, nameOrId, w) : undefined;
    if (byId !== undefined) return byId;
    const query = new URLSearchParams({ name: nameOrId, limit: String(NAMESAKES) });
    const what = `find image "${nameOrId}"`;
    const { images } = await this.#read(url, what, `/v2/images?${query.toString()}`, imagePage, w);
    const found = images.filter(({ name }) => name === nameOrId);
    return onlyOne(nameOrId, found, found.length === 0 ? await this.#someNames(url, w) : []);
  }

  /** @throws NotFoundError, ConfigError without a Glance in the catalog */
  async get(id: string, w: Waiting): Promise<ImageDetail> {
    const url = await this.#url(`image ${id}`, w);
    const path = `/v2/images/${encodeURIComponent(id)}`;
    try {
      return await this.#read(url, `get image ${id}`, path, imageDetailAnswer, w);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      throw new NotFoundError(`image ${id} does not exist, or the user of the section [cinder] may not see it`, {
        image: id,
      });
    }
  }

  /**
   * Writes the content of an image into a file, which is overwritten, and compares size and sum. Repeated as a read: from the
   * beginning. The caller removes the file.
   */
  async download(image: ImageDetail, file: string, w: Waiting): Promise<void> {
    const what = `download image "${image.name}" (${image.id})`;
    const url = await this.#url(what, w);
    const path = `/v2/images/${encodeURIComponent(image.id)}/file`;
    await this.#watched(what, w, async () => {
      const target = new ImageFile(what, image, file);
      await target.fill(async (download) => {
        await this.#request(url, what, path, w, { download, timeoutMs: target.timeoutMs });
      });
    });
  }

  async #url(what: string, w: Waiting): Promise<string> {
    const url = this.#options.findUrl(await this.#options.tokens.get(w));
    if (url !== undefined) return url;
    throw new ConfigError(`${what}: Keystone's catalog has no endpoint of type "image"`);
  }

  /** Returns the names of the newest images, for the message about an unknown one. */
  async #someNames(url: string, w: Waiting): Promise<readonly string[]> {
    const { images } = await this.#read(url, 'list images', `/v2/images?limit=${SUGGESTIONS}`, imagePage, w);
    return [...new Set(images.map(({ name }) => name))];
  }

  async #byId(url: string, id: string, w: Waiting): Promise<Image | undefined> {
    try {
      return await this.#read(url, `get image ${id}`, `/v2/images/${encodeURIComponent(id)}`, imageAnswer, w);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async #read<T>(url: string, what: string, path: string, schema: z.ZodType<T>, w: Waiting): Promise<T> {
    const text = await this.#watched(what, w, async () => await this.#request(url, what, path, w));
    return parseAnswer(schema, text, what);
  }

  /** Repeats a read by policy. */
  async #watched<T>(what: string, w: Waiting, attempt: () => Promise<T>): Promise<T> {
    const { resources } = this.#options;
    return await repeat({ what, kind: 'read', ...w }, resources, async () => {
      try {
        return await attempt();
      } catch (error) {
        if (unreachablePeer(error) !== undefined) resources.outages.failed('Glance');
        throw error;
      }
    });
  }

  /** Sends one request; after a 401 once more with a new token. */
  async #request(
    url: string,
    what: string,
    path: string,
    w: Waiting,
    more: Pick<TransportRequest, 'download' | 'timeoutMs'> = {},
  ): Promise<string> {
    const { resources, tokens } = this.#options;
    const { origin, pathname } = new URL(url);
    const transport = resources.transport(origin);
    const fullPath = `${pathname.replace(/\/+$/, '').replace(/\/v2(?:\.\d+)?$/, '')}${path}`;
    for (let isLast = false; ; isLast = true) {
      const token = await tokens.get(w);
      const accept = more.download === undefined ? 'application/json' : 'application/octet-stream';
      const headers = { Accept: accept, 'X-Auth-Token': token.value.reveal() };
      const request = { method: 'GET', path: fullPath, headers, ...more, signal: w.signal } as const;
      const response = await exchange(what, 'Glance', transport, request);
      if (response.status < 500) resources.outages.answered('Glance');
      if (response.status === 200) return response.text;
      const mayRenew = response.status === 401 && tokens.discard(token);
      if (mayRenew && !isLast) continue;
      if (response.status === 401) throw new CinderAuthError(`${what}: Glance refuses the token`, { status: 401 });
      const where = { what, method: 'GET', path: path.replace(/\?.*$/s, ''), baseUrl: origin } as const;
      throw answerError('Glance', where, response, resources.clock());
    }
  }
}

function onlyOne(nameOrId: string, found: readonly Image[], known: readonly string[]): Image {
  const [image, ...others] = found;
  if (image === undefined) {
    const has = known.length === 0 ? '' : `; Glance has: ${known.join(', ')}`;
    throw new NotFoundError(`image "${nameOrId}" does not exist${has}`, { image: nameOrId });
  }
  if (others.length === 0) return image;
  const ids = found.map(({ id }) => id);
  const text = `${found.length} images have the name "${nameOrId}"; give the ID: ${ids.join(', ')}`;
  throw new NotFoundError(text, { image: nameOrId, ids });
}
