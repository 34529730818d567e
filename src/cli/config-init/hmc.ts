import { resolve } from 'node:path';
import { ConfigError, ConflictError, describeError, findError, Secret } from '../../base/index.ts';
import type { Logger, Waiting } from '../../base/index.ts';
import { settingsSchema } from '../../config/index.ts';
import type { FileAccess } from '../../config/index.ts';
import { openHmcSession } from '../../hmc-client/index.ts';
import type { Adapter, Cpc, HmcSession } from '../../hmc-client/index.ts';
import { portOfUri } from '../../partition/index.ts';
import type { Questions } from '../questions.ts';
import { anyText, askUntil, numberUpTo, oneOf, severalOf, showChoices } from './answers.ts';
import type { Choice, Reader } from './answers.ts';
import { askNetworks } from './networks.ts';

export interface Surroundings {
  readonly questions: Questions;
  readonly files: FileAccess;
  readonly cwd: string;
  readonly log: Logger;
}

/** What reaches an HMC, without the user. */
interface Place {
  readonly hmc: string;
  readonly urls: readonly string[];
  readonly caFile: string | undefined;
  readonly insecure: boolean;
}

export interface HmcAnswers {
  /** Options of `[dpm]`, without the password. */
  readonly options: Readonly<Record<string, string | readonly string[]>>;
  readonly password: Secret;
}

/** No retry: the user waits, and can answer again. */
const noRetry = { attempts: 1, firstDelayMs: 0, maxDelayMs: 0, factor: 1, budgetMs: 0 };

/** Asks for the HMC, logs on, and asks for the CPC, its FCP ports, networks and the share of this host. */
export async function askHmc(around: Surroundings, w: Waiting): Promise<HmcAnswers> {
  const { questions } = around;
  const place = await askPlace(around, w);
  const user = await askUntil(questions, 'HMC user', undefined, anyText, w);
  const password = new Secret(await questions.askSecret('Password of the HMC user: ', w.signal));
  await using hmc = openAt(place, around, user, password);
  const cpc = await askCpc(hmc, questions, w);
  const ports = await askPorts(hmc, cpc, questions, w);
  const networks = await askNetworks(hmc, cpc, questions, w);
  const share = await askShare(cpc, questions, w);
  return {
    password,
    options: {
      hmc: place.hmc,
      hmc_username: user,
      ...(place.caFile === undefined ? {} : { hmc_ca_certs: place.caFile }),
      ...(place.insecure ? { hmc_insecure: 'true' } : {}),
      cpc_object_id: cpc.uri.replace('/api/cpcs/', ''),
      max_processors: String(share.processors),
      max_memory: String(share.memoryMib),
      physical_storage_adapter_mappings: ports,
      ...(networks.length === 0 ? {} : { networks }),
    },
  };
}

function openAt({ urls, caFile, insecure }: Place, { files, log }: Surroundings, userid: string, password: Secret) {
  const ca = caFile === undefined ? undefined : files.read(caFile);
  const options = { userid, password: () => Promise.resolve(password), tls: { ca, insecure } };
  return openHmcSession({ ...options, urls, log, policies: { read: noRetry } });
}

/** Asks for the address until an HMC answers, and for a CA file while its certificate is not trusted. */
async function askPlace(around: Surroundings, w: Waiting): Promise<Place> {
  const { questions } = around;
  for (;;) {
    const { hmc, urls } = await askUntil(questions, 'HMC (host, or host:port)', undefined, address, w);
    let place: Place | undefined = { hmc, urls, caFile: undefined, insecure: false };
    while (place !== undefined) {
      const problem = await contact(place, around, w);
      if (problem === undefined) return place;
      questions.say(`No connection to the HMC: ${problem.text}`);
      place = problem.isCertificate ? { ...place, ...(await askTrust(around, w)) } : undefined;
    }
  }
}

const address: Reader<{ readonly hmc: string; readonly urls: readonly string[] }> = (answer) => {
  const { schema, expected } = settingsSchema.dpm.hmc;
  const parsed = answer.split(',').map((each) => schema.safeParse(each.trim()));
  const urls = parsed.flatMap(({ success, data }) => (success ? [data] : []));
  return urls.length === parsed.length ? { value: { hmc: answer, urls } } : { expected };
};

async function contact(place: Place, around: Surroundings, w: Waiting) {
  await using hmc = openAt(place, around, '', new Secret(''));
  try {
    const { hmcName, hmcVersion } = await hmc.apiVersion(w);
    around.questions.say(`HMC ${hmcName}, version ${hmcVersion}`);
    return undefined;
  } catch (error) {
    w.signal.throwIfAborted();
    return { text: describeError(error), isCertificate: findError(error, 'HMC_CONNECTION')?.facts.phase === 'tls' };
  }
}

/** Asks for a CA file. Only the word `insecure` switches the verification off. */
async function askTrust(
  { questions, files, cwd }: Surroundings,
  w: Waiting,
): Promise<Pick<Place, 'caFile' | 'insecure'>> {
  const read: Reader<Pick<Place, 'caFile' | 'insecure'>> = (answer) => {
    if (answer === 'insecure') return { value: { caFile: undefined, insecure: true } };
    const caFile = resolve(cwd, answer);
    return isCertificateFile(files, caFile)
      ? { value: { caFile, insecure: false } }
      : { expected: 'a readable file with certificates in PEM form, or the word insecure' };
  };
  const question =
    'CA file of the HMC in PEM form (or "insecure": an attacker on the network can then read the password)';
  return await askUntil(questions, question, undefined, read, w);
}

function isCertificateFile(files: FileAccess, path: string): boolean {
  try {
    return files.read(path)?.includes('-----BEGIN CERTIFICATE-----') === true;
  } catch {
    return false;
  }
}

/** Logs on with its first request. */
async function askCpc(hmc: HmcSession, questions: Questions, w: Waiting): Promise<Cpc> {
  const listed = await hmc.cpcs.list({}, w);
  const read = await Promise.all(listed.map(({ uri }) => hmc.cpcs.get(uri, w).catch(() => undefined)));
  w.signal.throwIfAborted();
  const cpcs = read.flatMap((cpc) => (cpc?.dpmEnabled === true ? [cpc] : []));
  const choices = cpcs.map((cpc): Choice<Cpc> => {
    const { name, uri, status, machineType, machineModel } = cpc;
    const machine = machineType === undefined ? '' : `machine ${machineType}-${machineModel ?? ''}`;
    return { value: cpc, names: [name, uri.replace('/api/cpcs/', '')], line: [name, status, machine].join('  ') };
  });
  if (choices.length === 0) {
    const seen = listed.map(({ name }) => name).join(', ') || 'none';
    throw new ConflictError(`the HMC user sees no CPC in DPM mode; CPCs that it sees: ${seen}`);
  }
  showChoices(questions, 'CPCs in DPM mode:', choices);
  return await askUntil(questions, 'CPC', '1', oneOf(choices), w);
}

async function askPorts(hmc: HmcSession, cpc: Cpc, questions: Questions, w: Waiting): Promise<readonly string[]> {
  const listed = await hmc.adapters.list(cpc.uri, { type: 'fcp' }, w);
  const adapters = await Promise.all(listed.map(({ uri }) => hmc.adapters.get(uri, w)));
  const nested = await Promise.all(adapters.map((adapter) => portChoices(hmc, adapter, w)));
  const choices = nested.flat();
  if (choices.length === 0) {
    const text = `the HMC user sees no FCP adapter on CPC "${cpc.name}"; give it object access to the adapters, or change the type of a FICON card to FCP`;
    throw new ConflictError(text, { cpc: cpc.name });
  }
  showChoices(questions, 'FCP adapter ports:', choices);
  const active = choices.filter(({ isActive }) => isActive).map(({ value }) => value);
  const all = active.length > 0 ? active : choices.map(({ value }) => value);
  const question = 'Ports for volumes, in the order of preference for boot; "all" for all active ones';
  return await askUntil(questions, question, 'all', severalOf(choices, all), w);
}

async function portChoices(hmc: HmcSession, adapter: Adapter, w: Waiting) {
  const ports = await Promise.all(adapter.storagePortUris.map((uri) => hmc.adapters.getStoragePort(uri, w)));
  return ports.map(({ uri, index, fabricId }) => {
    const value = portOfUri(uri);
    const location = adapter.cardLocation === undefined ? '' : `at ${adapter.cardLocation}`;
    const fabric = fabricId === undefined ? 'no fabric seen' : `fabric ${fabricId}`;
    const line = [adapter.name, `port ${index}`, location, adapter.status, fabric]
      .filter((part) => part !== '')
      .join(', ');
    return { value, names: [value, adapter.name], line, isActive: adapter.status === 'active' };
  });
}

async function askShare(cpc: Cpc, questions: Questions, w: Waiting) {
  const { processorCountIfl: ifls = 0, storageCustomer: memory = 0 } = cpc;
  if (ifls < 1) throw new ConfigError(`CPC "${cpc.name}" reports no IFL processors; write dpm.max_processors yourself`);
  const processors = await askUntil(
    questions,
    'IFL processors for this host',
    String(ifls),
    numberUpTo(ifls, 'IFLs'),
    w,
  );
  const memoryMib = await askUntil(
    questions,
    'Memory for this host in MiB',
    String(memory),
    numberUpTo(memory, 'MiB'),
    w,
  );
  return { processors, memoryMib };
}
