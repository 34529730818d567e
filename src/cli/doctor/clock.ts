import type { Waiting } from '../../base/index.ts';
import type { Settings } from '../../config/index.ts';
import { HttpTransport } from '../../http/index.ts';
import type { TlsOptions } from '../../http/index.ts';
import type { DoctorCheck, DoctorOptions } from './checks.ts';
import { ok, warn } from './checks.ts';

/** Certificates, tokens and the order of log lines suffer from more. Our choice. */
const MAX_SKEW_MS = 60_000;

interface Peer {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  readonly tls: TlsOptions | undefined;
}

/** Compares the clock of this host with the `Date` of HMC and Keystone. Other checks report a peer without an answer. */
export async function checkClocks(
  settings: Settings,
  options: DoctorOptions,
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  const checks = await Promise.all(peersOf(settings).map((peer) => compare(peer, options, w)));
  return checks.filter((check) => check !== undefined);
}

function peersOf({ dpm, cinder, computeDriver }: Settings): readonly Peer[] {
  const hmcTls = { ca: dpm.hmcCa, insecure: dpm.hmcInsecure };
  const urls = computeDriver === 'dpm.DPMDriver' ? dpm.hmcUrls : [];
  const hmcs = urls.map((url) => ({ name: `HMC ${new URL(url).host}`, url, path: '/api/version', tls: hmcTls }));
  if (cinder.auth.type === 'none') return hmcs;
  const { origin, pathname, host } = new URL(cinder.auth.authUrl);
  return [...hmcs, { name: `Keystone ${host}`, url: origin, path: pathname, tls: cinder.tls }];
}

async function compare(
  { name, url, path, tls }: Peer,
  { log, clock = Date.now }: DoctorOptions,
  w: Waiting,
): Promise<DoctorCheck | undefined> {
  const limits = { maxConcurrent: 1, maxQueued: 1, maxResponseBytes: 1024 * 1024 };
  const times = { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 };
  using transport = new HttpTransport({ baseUrl: url, tls, ...times, ...limits, log });
  let date: number;
  try {
    const { headers } = await transport.request({ method: 'GET', path, headers: {}, signal: w.signal });
    date = Date.parse(headers.date ?? '');
  } catch {
    w.signal.throwIfAborted();
    return undefined;
  }
  if (Number.isNaN(date)) return undefined;
  const skewMs = clock() - date;
  const check = `clock against ${name}`;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok(check, `${seconds} s apart`);
  const text = `this host is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return warn(check, text, 'synchronise the clocks: certificates and tokens depend on them');
}
