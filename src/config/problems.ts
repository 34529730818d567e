import { BLANKED, ConfigError } from '../base/index.ts';

/** One problem of the settings. */
export interface SettingsProblem {
  /** `dpm.max_memory`; or the file, for problems of no single option. */
  readonly option: string;
  /** The given value; absent for a missing one, `***` for a secret. */
  readonly value?: string | undefined;
  /** No option has this name. Its value is not shown: it may be a password under a misspelt name. */
  readonly unknown?: true;
  readonly expected: string;
  /** `nova-dpm.conf:12`, the name of an environment variable, or the cloud of a clouds.yaml. */
  readonly where?: string | undefined;
}

/** Problems and warnings, collected so that they are all reported at once. */
export interface Findings {
  readonly problems: SettingsProblem[];
  readonly warnings: string[];
}

/** Reports an option of a section as missing. */
export type ReportMissing = (name: string, expected: string) => void;

/** Returns the reporter of a section. An unusable option has a problem already, and is not reported as missing too. */
export function missingIn(section: string, { problems }: Findings): ReportMissing {
  const faulty = new Set(problems.map(({ option }) => option));
  return (name, expected) => {
    const option = `${section}.${name}`;
    if (!faulty.has(option)) problems.push({ option, expected });
  };
}

const MAX_SHOWN = 80;

/** Returns a value for a message: on one line, bounded, and without the password of a URL. */
export function showValue(value: string): string {
  const safe = value.replaceAll(/\/\/[^/@\s]*@/g, `//${BLANKED}@`);
  return JSON.stringify(safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe);
}

/** `dpm.max_memory = "lots" (nova-dpm.conf:12): expected a whole number of at least 512` */
function describeProblem({ option, value, unknown, expected, where: source }: SettingsProblem): string {
  const where = source === undefined ? '' : ` (${source})`;
  if (unknown === true) return `${option}${where} is not known: expected ${expected}`;
  if (value === undefined) return `${option} is missing${where}: expected ${expected}`;
  return `${option} = ${value === BLANKED ? value : showValue(value)}${where}: expected ${expected}`;
}

/**
 * Returns all problems as one error.
 *
 * @param subject - the beginning of the message, such as "settings"
 */
export function settingsError(subject: string, problems: readonly SettingsProblem[]): ConfigError {
  const text = problems.map(describeProblem).join('; ');
  return withProblems(`${subject} cannot be used: ${text}`, problems);
}

/** Returns the error for missing settings when there is no settings file: listing every option would help nobody. */
export function noSettingsFile(problems: readonly SettingsProblem[]): ConfigError {
  const places = './nova-dpm.conf, /etc/nova-dpm/nova-dpm.conf, $NOVA_DPM_CONFIG or --config-file';
  return withProblems(`no settings file was found: expected ${places}`, problems);
}

function withProblems(message: string, problems: readonly SettingsProblem[]): ConfigError {
  const facts = problems.map(({ option, value, expected, where }) => ({
    option,
    value: value === undefined || value === BLANKED ? value : showValue(value),
    expected,
    where,
  }));
  return new ConfigError(message, { problems: facts });
}
