import type { Command } from 'commander';
import { findError } from '../../base/index.ts';
import type { CommandContext } from '../context.ts';
import { exitCodeFor, worstOf } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { AddCommand } from '../add-command.ts';
import { isPlainTable } from '../fitted-list.ts';
import { failed, ok, warn } from '../doctor/checks.ts';
import type { DoctorCheck } from '../doctor/checks.ts';

export const doctorColumns = ['check', 'status', 'detail', 'advice'] as const;

export function addDoctorCommand(program: Command, add: AddCommand): void {
  add(program, 'doctor', 'Check settings, HMC, CPC, adapter ports and Cinder; say what to do', async (context) => {
    context.checkList(doctorColumns);
    const checks = await examine(context);
    if (isPlainTable(context))
      context.print({ kind: 'list', rows: checks.map(tableRow), columns: ['status', 'check'] });
    else context.print({ kind: 'list', rows: checks.map(row), columns: doctorColumns });
    return exitCode(checks);
  });
}

function row({ check, status, detail, advice }: DoctorCheck) {
  return { check, status, detail, advice };
}

/** Returns a row of a table, in which details and advice are below the check, so that a terminal of 80 columns has room. */
function tableRow({ check, status, detail, advice }: DoctorCheck) {
  return { status, check: [check, ...[detail, advice].filter((text) => text !== '').map((text) => `  ${text}`)] };
}

async function examine(context: CommandContext): Promise<readonly DoctorCheck[]> {
  const settings = await examineSettings(context);
  if (!('settings' in settings)) return [...settings.checks, ...(await examineReachable(context))];
  const { log, requestId, waiting } = context;
  const found = await context.io.backend.diagnose(settings.settings, { log, requestId }, waiting);
  return [...settings.checks, ...found];
}

/** Makes the checks that are possible with settings that are not complete. */
async function examineReachable(context: CommandContext): Promise<readonly DoctorCheck[]> {
  const { log, requestId, waiting, io } = context;
  const checks: DoctorCheck[] = [];
  try {
    const cpcs = await context.withInventory((inventory, w) => inventory.cpcs(w));
    checks.push(ok('hmc', `logged on; CPCs: ${cpcs.map(({ name, object_id: id }) => `${name} (${id})`).join(', ')}`));
  } catch (error) {
    // The problem of the settings is reported already.
    if (findError(error, 'CONFIG') === undefined) {
      checks.push(failed('hmc', error, 'correct the settings of the HMC first', waiting.signal));
    }
  }
  try {
    const settings = context.settingsWithoutHmc();
    checks.push(...(await io.backend.diagnose({ ...settings, computeDriver: 'none' }, { log, requestId }, waiting)));
  } catch (error) {
    if (findError(error, 'CONFIG') === undefined) throw error;
  }
  return checks;
}

/** Reports invalid settings as checks, because users run this command to find such errors. */
async function examineSettings(context: CommandContext) {
  try {
    const settings = await context.completeSettings();
    const files = settings.files.length === 0 ? 'from the environment alone' : settings.files.join(', ');
    const warnings = settings.warnings.map((detail) => warn('settings', detail, ''));
    return { settings, checks: [ok('settings', files), ...warnings] };
  } catch (error) {
    const problems = findError(error, 'CONFIG')?.facts.problems;
    if (!Array.isArray(problems)) throw error;
    return { checks: problems.map(problemLine) };
  }
}

function problemLine(problem: unknown): DoctorCheck {
  const { option, value, expected, where } = problem as Readonly<Record<string, string | undefined>>; // as settingsError makes them
  const place = where === undefined ? '' : ` (${where})`;
  return {
    check: 'settings',
    status: 'fail',
    detail: `${option ?? ''}${value === undefined ? '' : ` = ${value}`}${place}`,
    advice: `expected ${expected ?? ''}`,
    code: 'CONFIG',
  };
}

function exitCode(checks: readonly DoctorCheck[]): ExitCode {
  const failed = checks.filter(({ status }) => status === 'fail');
  return worstOf(failed.map(({ code }) => (code === undefined ? 1 : exitCodeFor[code])));
}
