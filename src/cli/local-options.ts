import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseForeignJson } from '../base/index.ts';
import { deviceInfoSchema } from '../compute/local/index.ts';
import type { KeptDeviceInfo, MultipathChoice } from '../compute/local/index.ts';
import { trueOrFalse } from './usage.ts';

/** `--multipath True`, as oslo.config writes yes and no */
export function multipathOption(words: string): Option {
  return new Option('--multipath <True|False>', words).argParser(trueOrFalse);
}

export function enforceMultipathOption(words: string): Option {
  return new Option('--enforce-multipath <True|False>', words).argParser(trueOrFalse);
}

/** @param byDefault - where nothing is said: hosts as os-brick, partitions as their connector always says */
export function multipathOf(command: Command, byDefault: boolean): MultipathChoice {
  const { multipath = byDefault, enforceMultipath = false } = command.opts<Partial<MultipathChoice>>();
  return { multipath: multipath || enforceMultipath, enforceMultipath };
}

/** `--device-info`: what `local-attach -f json`, or os-brick, had printed. Other keys are left out. */
export function deviceInfo(value: string): KeptDeviceInfo {
  const parsed = deviceInfoSchema.safeParse(readJson(value));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('Expected a JSON object with "type": "block" and "path".');
}

function readJson(value: string): unknown {
  try {
    return parseForeignJson(value);
  } catch {
    return undefined;
  }
}
