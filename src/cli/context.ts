import type { Command } from 'commander';
import { blankKnownSecrets, findError, TimeoutError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { loadHmcSettings, loadHostConnectors, loadSettings } from '../config/index.ts';
import type { HmcSettings, HostConnectorSetting, Settings } from '../config/index.ts';
import type { ResumedOperation } from '../compute/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { CliIo } from './cli-io.ts';
import { formatOf, logLevelOf, readGlobalOptions } from './global-options.ts';
import type { GlobalOptions } from './global-options.ts';
import { Interruption } from './interruption.ts';
import { openLog } from './logging.ts';
import type { OpenLog } from './logging.ts';
import { chooseColumns, formatJsonLine, formatResult, requireListFormat } from './output.ts';
import type { Result, ResultColumns } from './output.ts';
import { printable } from './printable.ts';
import { openProgress } from './progress.ts';
import { resumedText } from './step-words.ts';
import type { Progress } from './progress.ts';
import type { Listen, Service } from '../serve/index.ts';
import type { Inventory } from './inventory/open.ts';
import type { HostAccess, HostOptions } from './open-host.ts';
import type { LocalManager, Manager, ManagerOptions } from './open.ts';

/** How a settings file of `dpm simulate --write-config` begins. */
const SIMULATOR_MARK = '# Written by dpm simulate';

/** The context of one command run. */
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
  /** The user's answers as environment variables. */
  #asked: Readonly<Record<string, string>> = {};
  #settings: Settings | undefined;
  /** Returns the request that a log line belongs to, if not to the command itself. */
  #currentRequestId: () => string | undefined = () => undefined;

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
    if (globals.timeout === undefined) return;
    const timeoutMs = globals.timeout * 1000;
    const reason = new TimeoutError(`the command took longer than ${globals.timeout} s (--timeout)`, { timeoutMs });
    this.#timer = setTimeout(() => this.#deadline.abort(reason), timeoutMs).unref();
  }

  /** Aborts at an interruption or at `--timeout`. */
  get waiting(): Waiting {
    return { signal: AbortSignal.any([this.#interruption.signal, this.#deadline.signal]) };
  }

  /** The log, opened at first use, so that a wrong `--log-file` is an error of the command. */
  get log(): Logger {
    this.#log ??= openLog({
      level: logLevelOf(this.globals),
      file: this.globals.logFile,
      write: this.progress.write,
      requestId: () => this.#currentRequestId() ?? this.requestId,
    });
    return this.#log.log;
  }

  /** Reads the settings and prints their warnings on standard error. @throws ConfigError */
  settings(): Settings {
    this.#settings ??= this.#readSettings(false);
    return this.#settings;
  }

  /** Reads the settings again. Answers of the user are kept. @throws ConfigError */
  reloadSettings(): Settings {
    const settings = this.#readSettings(false);
    this.#settings = settings;
    return settings;
  }

  /** From now on SIGHUP calls the handler, and does not end the command. */
  onHangup(handler: () => Promise<void>): void {
    this.#interruption.onHangup(() => void handler());
  }

  /** Reads the settings, in which the HMC may be missing. @throws ConfigError */
  settingsWithoutHmc(): Settings {
    return this.#readSettings(true);
  }

  #readSettings(withoutHmc: boolean): Settings {
    const { cwd, home, hostname, files } = this.io;
    const env = { ...this.io.env, ...this.#asked };
    const { configFile: configFiles } = this.globals;
    const settings = loadSettings({ configFiles, env, cwd, home, hostname, files, withoutHmc });
    for (const warning of settings.warnings) this.warn(warning);
    return settings;
  }

  /** Reads the settings. Asks the user for the HMC password if only that is missing. @throws ConfigError */
  async completeSettings(): Promise<Settings> {
    return await this.#withPassword(() => this.settings());
  }

  /** Reads the settings, and asks the user for the HMC password if only that is missing. */
  async #withPassword<T>(read: () => T): Promise<T> {
    const { askSecret } = this.io;
    try {
      return read();
    } catch (error) {
      if (askSecret === undefined || !lacksPasswordOnly(error)) throw error;
      const password = await askSecret('Password of the HMC user: ', this.waiting.signal);
      this.#asked = { NOVA_DPM_DPM__HMC_PASSWORD: password };
      return read();
    }
  }

  #hmcSettings(): HmcSettings {
    const { cwd, home, hostname, files } = this.io;
    const env = { ...this.io.env, ...this.#asked };
    const settings = loadHmcSettings({ configFiles: this.globals.configFile, env, cwd, home, hostname, files });
    for (const warning of settings.warnings) this.warn(warning);
    return settings;
  }

  /** Reads only `dpm.host_connectors`. @throws ConfigError */
  hostConnectors(): readonly HostConnectorSetting[] {
    const { env, files } = this.io;
    const { hostConnectors, warnings } = loadHostConnectors({ configFiles: this.globals.configFile, env, files });
    for (const warning of warnings) this.warn(warning);
    return hostConnectors;
  }

  warn(text: string): void {
    this.note(`warning: ${text}`);
  }

  /** Prints a line on standard error, unless `--quiet` is set. */
  note(text: string): void {
    if (!this.globals.quiet) this.progress.write(`dpm: ${printable(blankKnownSecrets(text))}\n`);
  }

  /**
   * Runs work with the manager and closes it.
   *
   * @param access - a reader neither waits for other commands nor resumes their flows
   */
  async withManager<T>(
    access: 'read' | 'write',
    work: (manager: Manager, request: RequestContext) => Promise<T>,
  ): Promise<T> {
    const { openManager } = this.io.backend;
    return await this.#within(access, () => this.completeSettings(), openManager, work);
  }

  /** Runs work that changes only this host. It needs no HMC, also not in the settings. */
  async withLocal<T>(work: (manager: LocalManager, request: RequestContext) => Promise<T>): Promise<T> {
    return await this.#within('write', () => this.settingsWithoutHmc(), this.io.backend.openLocal, work);
  }

  async #within<M extends AsyncDisposable, T>(
    access: 'read' | 'write',
    readSettings: () => Settings | Promise<Settings>,
    open: (settings: Settings, options: ManagerOptions) => Promise<M>,
    work: (manager: M, request: RequestContext) => Promise<T>,
  ): Promise<T> {
    const { progress, waiting } = this;
    const { requestId, ...options } = this.#hostOptions();
    const context = { requestId, ...waiting };
    const onNote = (text: string) => this.note(text);
    const onResume = (operation: ResumedOperation) => this.note(resumedText(operation));
    const settings = await readSettings();
    if (access === 'write') this.#interruption.expectRollback();
    const { onStep } = progress;
    await using manager = await open(settings, { ...options, access, onStep, onNote, onResume, context });
    this.waiting.signal.throwIfAborted();
    return await work(manager, context);
  }

  #hostOptions(): HostOptions {
    const { log, requestId, purpose } = this;
    return { log, requestId, purpose, onWait: (other) => this.note(`waiting for ${other}`) };
  }

  /** Starts `dpm serve`. Log lines then have the id of the request that they belong to. */
  async openService(settings: Settings, listens: readonly Listen[]): Promise<Service> {
    const service = await this.io.backend.openService(settings, { ...this.#hostOptions(), listens });
    this.#currentRequestId = service.currentRequestId;
    return service;
  }

  /** Runs work with the view of what the HMC manages. Needs only the HMC in the settings. */
  async withInventory<T>(work: (inventory: Inventory, w: Waiting) => Promise<T>): Promise<T> {
    const settings = await this.#withPassword(() => this.#hmcSettings());
    await using inventory = await this.io.backend.openInventory(settings, this.log);
    return await work(inventory, this.waiting);
  }

  /** Runs work with the view of this host and closes it. */
  async withHost<T>(work: (host: HostAccess, w: Waiting) => Promise<T>): Promise<T> {
    using host = await this.io.backend.openHost(await this.completeSettings(), this.#hostOptions());
    return await work(host, this.waiting);
  }

  /** Returns advice on an error that depends on the settings file: its simulator may have ended. */
  adviceOn(error: unknown): string | undefined {
    const lost = findError(error, 'HMC_CONNECTION', 'CINDER_CONNECTION');
    if (lost?.facts.phase !== 'connect') return undefined;
    const file = this.#settings?.files.find((path) => this.io.files.read(path)?.startsWith(SIMULATOR_MARK) === true);
    if (file === undefined) return undefined;
    return `The simulator that wrote these settings does not run. To start one, run: dpm simulate --write-config ${file}`;
  }

  /** Rejects unknown columns before anything is done. @throws ConfigError */
  checkColumns(columns: readonly string[]): void {
    chooseColumns(this.globals.column, columns);
  }

  /** Rejects unknown columns and formats of a list before anything is done. @throws ConfigError */
  checkList(columns: readonly string[]): void {
    requireListFormat(formatOf(this.globals, this.io.stdout));
    this.checkColumns(columns);
    chooseColumns(this.globals.sort.columns, columns, '--sort-column');
  }

  /**
   * Prints a list on standard output. Rejects unknown columns before the rows are made.
   *
   * @throws ConfigError
   */
  async printList(
    columns: readonly string[],
    rows: () => Promise<readonly object[]>,
    { shown, cells }: ResultColumns = {},
  ): Promise<void> {
    this.checkList(columns);
    this.print({ kind: 'list', rows: await rows(), columns, shown, cells });
  }

  /** Prints one row of a list that does not end, as JSON on one line. */
  printJsonLine(row: object, columns: readonly string[]): void {
    this.io.stdout.write(formatJsonLine(row, columns, this.globals.column));
  }

  print(result: Result): void {
    this.progress.end();
    const { stdout } = this.io;
    const width = stdout.isTerminal ? stdout.columns : undefined;
    const { column: columns, long, sort } = this.globals;
    stdout.write(formatResult(result, { format: formatOf(this.globals, stdout), columns, long, sort, width }));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#interruption[Symbol.dispose]();
    this.progress.end();
    this.#log?.close();
  }
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
