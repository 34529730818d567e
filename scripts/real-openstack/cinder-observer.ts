import { z } from 'zod';
import type { Waiting } from '../../src/base/index.ts';

const tokenSchema = z.object({ token: z.object({ project: z.object({ id: z.string() }) }) });
const recordSchema = z.looseObject({ id: z.string() });
type CinderRecord = z.infer<typeof recordSchema>;
const volumesSchema = z.object({ volumes: z.array(recordSchema) });
const attachmentsSchema = z.object({ attachments: z.array(recordSchema) });

/** A snapshot of Cinder as its administrator sees it, without marks that any use of a volume leaves permanently. */
export interface CinderState {
  readonly volumes: readonly CinderRecord[];
  readonly attachments: readonly CinderRecord[];
}

/** A user of the real Keystone, in the default domain. */
export interface KeystoneUser {
  readonly name: string;
  readonly password: string;
  readonly project: string;
}

/**
 * Reads Cinder by plain requests of its administrator. Shares no code with the client on purpose, because it must see
 * what the client might miss.
 */
export class CinderObserver {
  readonly #keystoneUrl: string;
  readonly #cinderUrl: string;
  readonly #administrator: KeystoneUser;
  #logon: Promise<Logon> | undefined;

  /** @param cinderUrl - including `/v3` */
  constructor(keystoneUrl: string, cinderUrl: string, administrator: KeystoneUser) {
    this.#keystoneUrl = keystoneUrl;
    this.#cinderUrl = cinderUrl;
    this.#administrator = administrator;
  }

  async snapshot(w: Waiting): Promise<CinderState> {
    const [volumes, attachments] = await Promise.all([
      this.#read('volumes/detail', w),
      this.#read('attachments/detail', w),
    ]);
    return {
      volumes: settled(volumesSchema.parse(volumes).volumes),
      attachments: settled(attachmentsSchema.parse(attachments).attachments),
    };
  }

  async #read(path: string, w: Waiting): Promise<unknown> {
    let response = await this.#send(path, (this.#logon ??= this.#logOn(w)), w);
    // Tokens may be valid for a few seconds only.
    if (response.status === 401) response = await this.#send(path, (this.#logon = this.#logOn(w)), w);
    if (!response.ok) throw new Error(`look at Cinder's ${path}: ${response.status}`);
    return await response.json();
  }

  async #send(path: string, logon: Promise<Logon>, { signal }: Waiting): Promise<Response> {
    const { token, projectId } = await logon;
    const url = `${this.#cinderUrl}/${projectId}/${path}?all_tenants=1`;
    // 3.44 shows attachments, and volumes without the fields that only later releases have.
    const headers = { 'X-Auth-Token': token, 'OpenStack-API-Version': 'volume 3.44' };
    return await fetch(url, { headers, signal });
  }

  async #logOn({ signal }: Waiting): Promise<Logon> {
    const { name, password, project } = this.#administrator;
    const domain = { id: 'default' };
    const identity = { methods: ['password'], password: { user: { name, password, domain } } };
    const response = await fetch(`${this.#keystoneUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ auth: { identity, scope: { project: { name: project, domain } } } }),
      signal,
    });
    const token = response.headers.get('X-Subject-Token');
    if (token === null) throw new Error(`log on to Keystone as "${name}": ${response.status}`);
    return { token, projectId: tokenSchema.parse(await response.json()).token.project.id };
  }
}

interface Logon {
  readonly token: string;
  readonly projectId: string;
}

function settled(records: readonly CinderRecord[]): CinderRecord[] {
  return records
    .map(({ updated_at: _, ...rest }) => ({ ...rest, ...settledMetadata(rest.metadata) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The first os-attach of a volume's life writes `readonly` to its metadata, where it stays: os-detach removes only
 * `attached_mode` (Cinder 21.3.1). No client can change this.
 */
function settledMetadata(metadata: unknown): { metadata?: unknown } {
  if (typeof metadata !== 'object' || metadata === null) return {};
  return { metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== 'readonly')) };
}
