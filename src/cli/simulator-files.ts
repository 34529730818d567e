import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../base/index.ts';
import { formatSettings } from '../config/index.ts';
import type { CliIo } from './cli-io.ts';
import type { RunningSimulator } from './open.ts';

/** What `dpm simulate` puts on disk. */
export interface SimulatorFiles {
  /** Absolute path of the settings; undefined when none were asked for. */
  readonly configFile: string | undefined;
  readonly caFile: string | undefined;
  /** Takes away what has no meaning once the simulator is gone. */
  readonly remove: () => void;
}

/**
 * Writes the settings where they are asked for. What the commands remember of this simulator lives in a directory of
 * its own: of the next one nothing of it would be true.
 *
 * @throws ConfigError when the settings cannot be written
 */
export function openSimulatorFiles(
  simulator: RunningSimulator,
  io: Pick<CliIo, 'cwd'>,
  writeConfig: string | undefined,
): SimulatorFiles {
  const caFile = simulator.ca?.file;
  if (writeConfig === undefined) return { configFile: undefined, caFile, remove: () => undefined };
  const directory = mkdtempSync(join(tmpdir(), 'dpm-simulate-')); // mode 0700
  const remove = () => {
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const configFile = resolve(io.cwd, writeConfig);
    writePrivately(configFile, formatSettings(completeSettings(simulator, directory)));
    return { configFile, caFile, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function completeSettings(simulator: RunningSimulator, directory: string): ReturnType<RunningSimulator['settings']> {
  const settings = simulator.settings();
  return { ...settings, DEFAULT: { ...settings.DEFAULT, state_path: join(directory, 'state') } };
}

/** In one step, so that nobody reads half a file, and never readable by others, not even for a moment. */
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
