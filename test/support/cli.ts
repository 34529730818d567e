import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CliIo, Sink } from '../../src/cli/cli-io.ts';
import { runCli } from '../../src/cli/run.ts';
import type { HostAccess } from '../../src/cli/open-host.ts';
import type { Backend, Manager, ManagerOptions } from '../../src/cli/open.ts';
import type { Environment, Settings } from '../../src/config/index.ts';
import { memoryFiles, settingsText } from './settings.ts';
import type { MemoryFile } from './settings.ts';

/** What a run of `dpm` left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Verbs that are called as the real ones, and answer as the test likes. */
type Faked<T> = {
  [Name in keyof T]?: T[Name] extends (...given: infer Given) => unknown
    ? (...given: Given) => Promise<unknown>
    : never;
};

export type FakeManager = Faked<Omit<Manager, typeof Symbol.asyncDispose>>;

export interface FakeIoOptions {
  readonly env?: Environment;
  readonly files?: Readonly<Record<string, MemoryFile>>;
  /** Looked at when the manager is opened. */
  readonly manager?: FakeManager;
  /** What the manager was opened with. */
  readonly onOpen?: (options: ManagerOptions, settings: Settings) => void;
  readonly host?: Faked<HostAccess>;
  readonly journal?: Partial<
    Pick<Backend, 'listFlows' | 'showFlow' | 'listServerEvents' | 'serverNames' | 'waitForServer' | 'openServiceEvents'>
  >;
  readonly diagnose?: Backend['diagnose'];
  readonly hostConnector?: Backend['hostConnector'];
  readonly openService?: Backend['openService'];
  readonly startSimulator?: CliIo['startSimulator'];
  readonly isTerminal?: boolean;
  readonly askSecret?: CliIo['askSecret'];
  readonly cwd?: string;
}

/** A process that is none, with good settings in `./nova-dpm.conf`. */
export interface FakeIo extends CliIo {
  readonly out: () => string;
  readonly err: () => string;
  /** Delivers a signal. */
  readonly signal: (name: string) => void;
  /** How often a manager was opened, and for what. */
  readonly opened: { readonly access: string; readonly purpose: string }[];
  readonly closed: () => number;
}

/** @param columns - standard error is wide enough that no message is wrapped: tests of src/cli/wrap.ts do that */
function collecting(isTerminal: boolean, columns = 100): { sink: Sink; text: () => string } {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  return { sink: { write, isTerminal, columns: isTerminal ? columns : undefined }, text: () => text };
}

/** What a test did not expect to be called. */
function unexpected(what: string): () => never {
  return () => {
    throw new Error(`${what} was called`);
  };
}

export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const isTerminal = options.isTerminal === true;
  const [stdout, stderr] = [collecting(isTerminal), collecting(isTerminal, 100_000)];
  const handlers = new Set<(signal: string) => void>();
  const opened: { access: string; purpose: string }[] = [];
  let closed = 0;
  const text = settingsText();
  return {
    stdout: stdout.sink,
    stderr: stderr.sink,
    env: options.env ?? {},
    cwd: options.cwd ?? '/home/op',
    home: '/home/op',
    hostname: 'compute1',
    files: memoryFiles({ 'nova-dpm.conf': text, '/bad.conf': '[dpm]\nhmc = http://hmc1\n', ...options.files }, [
      '/var/lib/nova-dpm',
    ]),
    onSignal: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    backend: {
      openManager: async (settings, given) => {
        const { access, purpose } = given;
        opened.push({ access, purpose });
        options.onOpen?.(given, settings);
        const close = async () => {
          closed += 1;
        };
        return { ...nothingExpected, ...options.manager, [Symbol.asyncDispose]: close } as Manager;
      },
      openHost: async () =>
        ({
          host: 'lnx1',
          searchPaths: async () => ['/dev/disk/by-path'],
          takesVolumes: async () => false, // as most compute hosts are
          paths: unexpected('paths'),
          verify: unexpected('verify'),
          repair: unexpected('repair'),
          ...options.host,
          [Symbol.dispose]: () => undefined,
        }) as HostAccess,
      // The host's verbs are the manager's own, on this host.
      openLocal: async (_settings, given) => {
        opened.push({ access: given.access, purpose: given.purpose });
        const close = async () => {
          closed += 1;
        };
        return { ...nothingExpected, ...options.manager, [Symbol.asyncDispose]: close } as Manager;
      },
      openService: options.openService ?? unexpected('openService'),
      openVolumes: unexpected('openVolumes'),
      initConfig: unexpected('initConfig'),
      openInventory: unexpected('openInventory'),
      hostConnector: options.hostConnector ?? unexpected('hostConnector'),
      listFlows: unexpected('listFlows'),
      showFlow: unexpected('showFlow'),
      listServerEvents: unexpected('listServerEvents'),
      serverNames: unexpected('serverNames'),
      waitForServer: unexpected('waitForServer'),
      openServiceEvents: unexpected('openServiceEvents'),
      ...options.journal,
      diagnose: options.diagnose ?? unexpected('diagnose'),
    },
    ...(options.askSecret === undefined ? {} : { askSecret: options.askSecret }),
    openQuestions: unexpected('openQuestions'),
    startSimulator: options.startSimulator ?? unexpected('startSimulator'),
    out: stdout.text,
    err: stderr.text,
    signal: (name) => {
      for (const handler of handlers) handler(name);
    },
    opened,
    closed: () => closed,
  };
}

const nothingExpected: Omit<Manager, typeof Symbol.asyncDispose> = {
  list: unexpected('list'),
  show: unexpected('show'),
  create: unexpected('create'),
  checkCreate: unexpected('checkCreate'),
  setBoot: unexpected('setBoot'),
  rescue: unexpected('rescue'),
  unrescue: unexpected('unrescue'),
  rebuild: unexpected('rebuild'),
  dump: unexpected('dump'),
  delete: unexpected('delete'),
  start: unexpected('start'),
  stop: unexpected('stop'),
  reboot: unexpected('reboot'),
  addVolume: unexpected('addVolume'),
  removeVolume: unexpected('removeVolume'),
  resize: unexpected('resize'),
  set: unexpected('set'),
  consoleLog: unexpected('consoleLog'),
  followConsoleLog: unexpected('followConsoleLog'),
  openConsole: unexpected('openConsole'),
  addNetwork: unexpected('addNetwork'),
  removeNetwork: unexpected('removeNetwork'),
  hypervisorShow: unexpected('hypervisorShow'),
  hypervisorStats: unexpected('hypervisorStats'),
  serverStats: unexpected('serverStats'),
  listPartitions: unexpected('listPartitions'),
  getConnector: unexpected('getConnector'),
  getPartitionConnector: unexpected('getPartitionConnector'),
  volumePaths: unexpected('volumePaths'),
  searchPath: unexpected('searchPath'),
  localAttach: unexpected('localAttach'),
  localDetach: unexpected('localDetach'),
  verify: unexpected('verify'),
  repair: unexpected('repair'),
  listFlows: unexpected('listFlows'),
  showFlow: unexpected('showFlow'),
  resumeFlow: unexpected('resumeFlow'),
  recover: unexpected('recover'),
  resumeWaiting: unexpected('resumeWaiting'),
  request: unexpected('request'),
  claimService: unexpected('claimService'),
  waitingRequests: unexpected('waitingRequests'),
  buildRequested: unexpected('buildRequested'),
  removeParked: unexpected('removeParked'),
  pruneHistory: unexpected('pruneHistory'),
};

/** Runs a command line within this process. */
export async function runFake(argv: readonly string[], io: FakeIo = fakeIo()): Promise<Ran> {
  const code = await runCli(argv, io);
  return { code, stdout: io.out(), stderr: io.err() };
}

/** The command that tests start: the one that was built for this run, or of the sources. */
export const main = process.env.DPM_MAIN ?? fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Options of a child: nothing of the environment of the tests reaches it but the ways to programs and to compiled modules. */
export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Environment;
}

/** Starts `dpm` as a process of its own. */
export function startDpm(argv: readonly string[], { cwd, env = {} }: ChildOptions = {}): ChildProcess {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const childEnv = { PATH, HOME: '/nonexistent', TMPDIR, NODE_COMPILE_CACHE, ...env };
  return spawn(process.execPath, [main, ...argv], { cwd, env: childEnv, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs `dpm` as a process of its own to its end. */
export async function runDpm(argv: readonly string[], options: ChildOptions = {}): Promise<Ran> {
  return await ended(startDpm(argv, options));
}

/** The end of a process, with all it wrote from now on. */
export async function ended(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}
