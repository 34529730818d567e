import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { blankKnownSecrets, findError, TimeoutError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { loadHostConnectors, loadSettings } from '../config/index.ts';
import type { HostConnectorSetting, Settings } from '../config/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { CliIo } from './cli-io.ts';
import { formatOf, logLevelOf, readGlobalOptions } from './global-options.ts';
import type { GlobalOptions } from './global-options.ts';
import { Interruption } from './interruption.ts';
import { openLog } from './logging.ts';
import type { OpenLog } from './logging.ts';
import { chooseColumns, formatResult } from './output.ts';
import type { Result } from './output.ts';
import { printable } from './printable.ts';
import { openProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import type { HostAccess, HostOptions } from './open-host.ts';
import type { LocalManager, Manager, ManagerOptions } from './open.ts';

/** What one run of a command works with. */
export class CommandContext implements Disposable {
  readonly io: CliIo;
  readonly globals: GlobalOptions;
  readonly requestId: string;
  /** `dpm server create` */
  readonly purpose: string;
  readonly progress: Progress;
  readonly #interruption: Interruption;
  readonly #deadline = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #log: OpenLog | undefined;
  /** What a person was asked for, as the environment would say it. */
  #asked: Readonly<Record<string, string>> = {};
  #settings: Settings | undefined;

  constructor(io: CliIo, command: Command, requestId: string) {
    const globals = readGlobalOptions(command);
    this.io = io;
    this.globals = globals;
    this.requestId = requestId;
    this.purpose = purposeOf(command);
    this.progress = openProgress({
      sink: io.stderr,
      style: globals.quiet || !globals.progress ? 'none' : io.stderr.isTerminal ? 'live' : 'plain',
      color: io.stderr.isTerminal && (io.env.NO_COLOR ?? '') === '',
      clock: () => performance.now(),
    });
    this.#interruption = new Interruption(io, this.progress.write);
    this.#timer = globals.timeout === undefined ? undefined : this.#startDeadline(globals.timeout);
  }

  #startDeadline(seconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#deadline.abort(
        new TimeoutError(`the command took longer than ${seconds} s (--timeout)`, { timeoutMs: seconds * 1000 }),
      );
    }, seconds * 1000).unref();
  }

  /** Ends at an interruption or at `--timeout`. */
  get waiting(): Waiting {
    return { signal: AbortSignal.any([this.#interruption.signal, this.#deadline.signal]) };
  }

  /** The log, opened at the first use: a wrong `--log-file` is a wrong use of the command, not of the program. */
  get log(): Logger {
    this.#log ??= openLog({
      level: logLevelOf(this.globals),
      file: this.globals.logFile,
      write: this.progress.write,
      requestId: this.requestId,
    });
    return this.#log.log;
  }

  /** Reads the settings; their warnings go to standard error. @throws ConfigError */
  settings(): Settings {
    this.#settings ??= this.#readSettings(false);
    return this.#settings;
  }

  /** The same for what does without an HMC, which then need not be in them. @throws ConfigError */
  settingsWithoutHmc(): Settings {
    return this.#readSettings(true);
  }

  /** @param withoutHmc - what is done does without an HMC */
  #readSettings(withoutHmc: boolean): Settings {
    const { cwd, home, hostname, files } = this.io;
    const env = { ...this.io.env, ...this.#asked };
    const { configFile: configFiles } = this.globals;
    const settings = loadSettings({ configFiles, env, cwd, home, hostname, files, withoutHmc });
    for (const warning of settings.warnings) this.warn(warning);
    return settings;
  }

  /** The same, after asking for the HMC password where that is all that is missing and somebody can be asked. */
  async completeSettings(): Promise<Settings> {
    const { askSecret } = this.io;
    try {
      return this.settings();
    } catch (error) {
      if (askSecret === undefined || !lacksPasswordOnly(error)) throw error;
      const password = await askSecret('Password of the HMC user: ', this.waiting.signal);
      this.#asked = { NOVA_DPM_DPM__HMC_PASSWORD: password };
      return this.settings();
    }
  }

  /** `dpm.host_connectors` alone, for a command that needs no other setting. @throws ConfigError */
  hostConnectors(): readonly HostConnectorSetting[] {
    const { env, files } = this.io;
    const { hostConnectors, warnings } = loadHostConnectors({ configFiles: this.globals.configFile, env, files });
    for (const warning of warnings) this.warn(warning);
    return hostConnectors;
  }

  warn(text: string): void {
    this.note(`warning: ${text}`);
  }

  /** A line for people on standard error, unless they want none. */
  note(text: string): void {
    if (!this.globals.quiet) this.progress.write(`dpm: ${printable(blankKnownSecrets(text))}\n`);
  }

  /**
   * Runs work with the manager and lets go of it, however the work ends.
   *
   * @param access - a reader does not wait for other commands, nor take up what they left
   */
  async withManager<T>(
    access: 'read' | 'write',
    work: (manager: Manager, request: RequestContext) => Promise<T>,
  ): Promise<T> {
    const options = this.#managerOptions(access);
    const settings = await this.completeSettings();
    if (access === 'write') this.#interruption.expectPuttingBack();
    await using manager = await this.io.backend.openManager(settings, options);
    this.waiting.signal.throwIfAborted();
    return await work(manager, options.context);
  }

  /** As {@link CommandContext.withManager} to write, on this host alone: no HMC is asked, nor need one be in the settings. */
  async withLocal<T>(work: (manager: LocalManager, request: RequestContext) => Promise<T>): Promise<T> {
    const options = this.#managerOptions('write');
    const settings = this.settingsWithoutHmc();
    this.#interruption.expectPuttingBack();
    await using manager = await this.io.backend.openLocal(settings, options);
    this.waiting.signal.throwIfAborted();
    return await work(manager, options.context);
  }

  #managerOptions(access: 'read' | 'write'): ManagerOptions {
    const { progress, waiting } = this;
    const { requestId, ...options } = this.#hostOptions();
    return { ...options, access, onStep: progress.onStep, context: { requestId, ...waiting } };
  }

  #hostOptions(): HostOptions {
    const { log, requestId, purpose } = this;
    const onWait = (other: string) => {
      this.note(`waiting for ${other}`);
    };
    return { log, requestId, purpose, onWait };
  }

  /** Runs work with the view of this host, and lets go of it. */
  async withHost<T>(work: (host: HostAccess, w: Waiting) => Promise<T>): Promise<T> {
    using host = await this.io.backend.openHost(await this.completeSettings(), this.#hostOptions());
    return await work(host, this.waiting);
  }

  /** Refuses columns that a result will not have, before anything is done. */
  checkColumns(columns: readonly string[]): void {
    chooseColumns(this.globals.column, columns);
  }

  /** Prints a result on standard output. */
  print(result: Result): void {
    this.progress.end();
    const { stdout } = this.io;
    const width = stdout.isTerminal ? stdout.columns : undefined;
    const choice = { format: formatOf(this.globals, stdout), columns: this.globals.column, width };
    stdout.write(formatResult(result, choice));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#interruption[Symbol.dispose]();
    this.progress.end();
    this.#log?.close();
  }
}

/** A new id of a request, as Nova writes it. */
export function newRequestId(): string {
  return `req-${randomUUID()}`;
}

function lacksPasswordOnly(error: unknown): boolean {
  const problems = findError(error, 'CONFIG')?.facts.problems;
  if (!Array.isArray(problems) || problems.length !== 1) return false;
  const { option, value } = problems[0] as { option?: unknown; value?: unknown }; // as settingsError makes them
  return option === 'dpm.hmc_password' && value === undefined;
}

function purposeOf(command: Command): string {
  return command.parent === null ? command.name() : `${purposeOf(command.parent)} ${command.name()}`;
}
