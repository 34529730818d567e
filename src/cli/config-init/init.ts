import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../../base/index.ts';
import type { Logger, Waiting } from '../../base/index.ts';
import { formatSettings, loadSettings } from '../../config/index.ts';
import type { Environment, FileAccess } from '../../config/index.ts';
import type { Questions } from '../questions.ts';
import { anyText, askUntil, yesOrNo } from './answers.ts';
import { askCinder } from './cinder.ts';
import { askHmc } from './hmc.ts';
import type { HmcAnswers } from './hmc.ts';

export interface InitOptions {
  readonly output: string;
  readonly questions: Questions;
  readonly files: FileAccess;
  readonly cwd: string;
  readonly home: string;
  readonly hostname: string;
  readonly env: Environment;
  readonly log: Logger;
}

/** Asks for all settings, checks them at HMC and Cinder, and writes the files. Changes nothing before the last answer. */
export async function initConfig(options: InitOptions, w: Waiting) {
  const { questions, hostname } = options;
  const output = resolve(options.cwd, options.output);
  await checkOverwrite(output, options, w);
  const hmc = await askHmc(options, w);
  const standard = hostname.split('.')[0] ?? hostname;
  const host = await askUntil(questions, 'Name of this compute host', standard, anyText, w);
  const { cinder, serviceUser } = await askCinder({ ...options, env: neutral(options.env) }, w);
  const stored = await askPasswordPlace(output, hmc, options, w);
  const text = formatSettings({
    DEFAULT: { host },
    dpm: { ...hmc.options, ...stored.options },
    cinder,
    ...(Object.keys(serviceUser).length === 0 ? {} : { service_user: serviceUser }),
  });
  if (stored.file !== undefined) writePrivately(stored.file, `${hmc.password.reveal()}\n`);
  writePrivately(output, text);
  const { cwd, home, files } = options;
  const { warnings } = loadSettings({ configFiles: [output], env: neutral(options.env), cwd, home, hostname, files });
  for (const warning of warnings) questions.say(`warning: ${warning}`);
  questions.say(`Next: dpm doctor --config-file ${output}`);
  return { config_file: output, hmc_password_file: stored.file ?? null };
}

async function checkOverwrite(path: string, { files, questions }: InitOptions, w: Waiting): Promise<void> {
  const info = files.info(path);
  if (info === undefined) return;
  const wrong = (words: string) =>
    new ConfigError(`option --output = ${JSON.stringify(path)}: ${words}; nothing was changed`, { value: path });
  if (info.directory) throw wrong('expected a file, found a directory');
  const overwrites = await askUntil(questions, `${path} exists. Overwrite it`, 'no', yesOrNo, w);
  if (!overwrites) throw wrong('the file exists');
}

/** The password is in a file of its own unless the user wants it in the settings. */
async function askPasswordPlace(output: string, { password }: HmcAnswers, around: InitOptions, w: Waiting) {
  const question = 'File for the HMC password, mode 0600 (or "settings": in the settings file)';
  const answer = await askUntil(around.questions, question, `${output}.password`, anyText, w);
  if (answer === 'settings') return { file: undefined, options: { hmc_password: password.reveal() } };
  const file = resolve(around.cwd, answer);
  if (file !== `${output}.password` && around.files.info(file) !== undefined) {
    const isFree = await askUntil(around.questions, `${file} exists. Overwrite it`, 'no', yesOrNo, w);
    if (!isFree) throw new ConfigError(`file ${JSON.stringify(file)} exists; nothing was changed`, { value: file });
  }
  return { file, options: { hmc_password_file: file } };
}

/** Only the settings file counts, and where clouds.yaml is. */
function neutral(env: Environment): Environment {
  const kept = ['OS_CLIENT_CONFIG_FILE', 'OS_CLIENT_SECURE_FILE', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'HOME'];
  return Object.fromEntries(Object.entries(env).filter(([name]) => kept.includes(name)));
}

/** Writes a file atomically. It is never readable by others, not even briefly. */
function writePrivately(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new ConfigError(`${JSON.stringify(path)} cannot be written`, { value: path }, { cause: error });
  }
}
