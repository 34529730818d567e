import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../base/index.ts';
import { formatSettings } from '../config/index.ts';
import type { CliIo } from './cli-io.ts';
import type { RunningSimulator } from './open.ts';

/** The first line of every settings file of a simulator. Only a file that begins with it is overwritten. */
const MARK = '# Written by dpm simulate, which overwrites this file.';

/**
 * Checks that the settings of a simulator may be written to a file.
 *
 * @throws ConfigError when the file exists and was not written by a simulator
 */
export function checkWriteConfig(io: Pick<CliIo, 'cwd'>, writeConfig: string | undefined): void {
  if (writeConfig === undefined) return;
  const path = resolve(io.cwd, writeConfig);
  const beginning = beginningOf(path);
  if (beginning === undefined || beginning === MARK) return;
  const why = 'expected a file that does not exist, or one that dpm simulate wrote';
  throw new ConfigError(`option --write-config = ${JSON.stringify(writeConfig)}: ${why}`, {
    option: '--write-config',
    value: writeConfig,
  });
}

/** Returns as many bytes of a file as the mark has; undefined if there is no file. */
function beginningOf(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    throw notWritable(path, error);
  }
  try {
    const bytes = Buffer.alloc(MARK.length);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } catch (error) {
    throw notWritable(path, error);
  } finally {
    closeSync(file);
  }
}

/** The files of `dpm simulate`. Disposing them removes what is useless without the simulator. */
export interface SimulatorFiles extends Disposable {
  /** Absolute path of the settings, if requested. */
  readonly configFile: string | undefined;
  readonly caFile: string | undefined;
}

/**
 * Writes the settings to the requested file. The state of the commands is in a temporary directory, because it is
 * wrong for the next simulator, or in the directory that keeps the state of the simulator.
 *
 * @throws ConfigError when the settings cannot be written
 */
export function openSimulatorFiles(
  simulator: RunningSimulator,
  io: Pick<CliIo, 'cwd'>,
  { writeConfig, keep }: { readonly writeConfig?: string | undefined; readonly keep?: string | undefined },
): SimulatorFiles {
  const caFile = simulator.ca?.file;
  if (writeConfig === undefined) return { configFile: undefined, caFile, [Symbol.dispose]: () => undefined };
  const directory = keep === undefined ? mkdtempSync(join(tmpdir(), 'dpm-simulate-')) : resolve(io.cwd, keep); // mode 0700
  const remove = () => {
    if (keep === undefined) rmSync(directory, { recursive: true, force: true });
  };
  try {
    const configFile = resolve(io.cwd, writeConfig);
    writePrivately(configFile, `${MARK}\n${formatSettings(completeSettings(simulator, directory))}`);
    return { configFile, caFile, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function completeSettings(simulator: RunningSimulator, directory: string): ReturnType<RunningSimulator['settings']> {
  const settings = simulator.settings();
  return { ...settings, DEFAULT: { ...settings.DEFAULT, state_path: join(directory, 'state') } };
}

/** Writes a file atomically. It is never readable by others, not even briefly. */
function writePrivately(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw notWritable(path, error);
  }
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft);
    throw notWritable(path, error);
  }
}

function notWritable(path: string, cause: unknown): ConfigError {
  const message = `option --write-config = ${JSON.stringify(path)}: expected a file that can be written`;
  return new ConfigError(message, { option: '--write-config', value: path }, { cause });
}
