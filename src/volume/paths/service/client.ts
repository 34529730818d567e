import {
  ConfigError,
  ConflictError,
  describeError,
  isReadableOnTheWay,
  parseForeignJson,
} from '../../../base/index.ts';
import type { Logger, Secret, Waiting } from '../../../base/index.ts';
import { HttpTransport } from '../../../http/index.ts';
import { errorAnswer, orphansAnswer } from './schemas.ts';
import type { ServedFinding } from './schemas.ts';

interface AskHostsOptions {
  readonly urls: readonly string[];
  readonly token: Secret;
  readonly log: Logger;
}

const timeouts = { connectTimeoutMs: 10_000, requestTimeoutMs: 150_000 };
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/**
 * Requests the orphans from several path services at once and merges their responses, sorted by host. A host that does not
 * answer is reported as a finding, because its state is unknown.
 *
 * @throws ConfigError when a URL cannot be used
 */
export async function askHosts(options: AskHostsOptions, w: Waiting): Promise<readonly ServedFinding[]> {
  for (const url of options.urls) checkUrl(url);
  const answers = await Promise.all(options.urls.map(async (url) => await askOne(url, options, w)));
  const merged = new Map(answers.flat().map((finding) => [`${finding.host} ${finding.kind} ${finding.name}`, finding]));
  return [...merged.values()].toSorted((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
}

/** Rejects a URL if the network could read the token. */
function checkUrl(url: string): void {
  const isUrl = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (isUrl && !isReadableOnTheWay(url)) return;
  const expected = 'https://HOST:PORT, or http:// of a loopback address (the near end of an SSH tunnel)';
  throw new ConfigError(`option --hosts = ${JSON.stringify(url)}: expected ${expected}`, { option: '--hosts' });
}

async function askOne(url: string, { token, log }: AskHostsOptions, w: Waiting): Promise<readonly ServedFinding[]> {
  const bounds = { maxConcurrent: 1, maxQueued: 1, maxResponseBytes: MAX_RESPONSE_BYTES };
  using transport = new HttpTransport({ baseUrl: new URL(url).origin, ...timeouts, ...bounds, log });
  try {
    const headers = { Authorization: `Bearer ${token.reveal()}` };
    const { status, text } = await transport.request({ method: 'GET', path: '/v1/orphans', headers, signal: w.signal });
    const body = parseForeignJson(text);
    if (status === 200) return orphansAnswer.parse(body).orphans;
    const said = errorAnswer.safeParse(body).data?.error.message ?? 'the response is not from a path service';
    throw new ConflictError(`it answered ${status}: ${said}`);
  } catch (error) {
    w.signal.throwIfAborted();
    const detail = `could not be checked: ${describeError(error)}`;
    return [{ host: url, kind: 'host', name: url, detail, repair: null }];
  }
}
