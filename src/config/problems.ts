import { BLANKED, ConfigError } from '../base/index.ts';

/** One thing that is wrong with the settings. */
export interface SettingsProblem {
  /** `dpm.max_memory`; or the file, for what belongs to no option. */
  readonly option: string;
  /** What was given; absent when nothing was, `***` for a secret. */
  readonly value?: string | undefined;
  /** Nobody knows an option of this name. Its value is not shown: it may be a password under a misspelt name. */
  readonly unknown?: true;
  readonly expected: string;
  /** `nova-dpm.conf:12`, the name of an environment variable, or the cloud of a clouds.yaml. */
  readonly where?: string | undefined;
}

const MAX_SHOWN = 80;

/**
 * A value as a message may show it: on one line, bounded, and without the password that somebody put into a URL.
 */
export function showValue(value: string): string {
  const safe = value.replaceAll(/\/\/[^/@\s]*@/g, `//${BLANKED}@`);
  return JSON.stringify(safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe);
}

/** `dpm.max_memory = "lots" (nova-dpm.conf:12): expected a whole number of at least 512` */
function describeProblem(problem: SettingsProblem): string {
  const where = problem.where === undefined ? '' : ` (${problem.where})`;
  if (problem.unknown === true) return `${problem.option}${where} is not known: expected ${problem.expected}`;
  if (problem.value === undefined) return `${problem.option} is missing${where}: expected ${problem.expected}`;
  return `${assignment(problem)}${where}: expected ${problem.expected}`;
}

function assignment(problem: SettingsProblem): string {
  const value = problem.value ?? '';
  return `${problem.option} = ${value === BLANKED ? value : showValue(value)}`;
}

/**
 * All problems as one error, so that a person mends the settings in one go.
 *
 * @param subject - what the message begins with, such as "settings"
 */
export function settingsError(subject: string, problems: readonly SettingsProblem[]): ConfigError {
  const text = problems.map(describeProblem).join('; ');
  const facts = problems.map((problem) => ({
    option: problem.option,
    value: problem.value === undefined || problem.value === BLANKED ? problem.value : showValue(problem.value),
    expected: problem.expected,
    where: problem.where,
  }));
  return new ConfigError(`${subject} cannot be used: ${text}`, { problems: facts });
}
