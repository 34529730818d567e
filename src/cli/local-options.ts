import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseForeignJson } from '../base/index.ts';
import type { KeptDeviceInfo, MultipathChoice } from '../compute/local/index.ts';
import { trueOrFalse, usageError } from './usage.ts';

export function multipathOption(words: string): Option {
  return new Option('--multipath <True|False>', words).argParser(trueOrFalse);
}

export function enforceMultipathOption(words: string): Option {
  return new Option('--enforce-multipath <True|False>', words).argParser(trueOrFalse);
}

/** @param byDefault - false for hosts, like os-brick; true for partitions, like their connector */
export function multipathOf(command: Command, byDefault: boolean): MultipathChoice {
  const { multipath = byDefault, enforceMultipath = false } = command.opts<Partial<MultipathChoice>>();
  return { multipath: multipath || enforceMultipath, enforceMultipath };
}

const DEVICE_INFO = 'a JSON object with "type": "block" and "path"';

/** Parses the JSON of `--device-info`. */
export function jsonObject(value: string): object {
  const parsed = readJson(value);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new InvalidArgumentError(`Expected ${DEVICE_INFO}.`);
}

/** Reads `--device-info`, the output of `local-attach -f json` or os-brick. Ignores other keys. */
export async function readDeviceInfo(given: object): Promise<KeptDeviceInfo> {
  const { deviceInfoSchema } = await import('../compute/local/index.ts');
  const read = deviceInfoSchema.safeParse(given);
  if (read.success) return read.data;
  throw usageError('--device-info', JSON.stringify(given), DEVICE_INFO);
}

function readJson(value: string): unknown {
  try {
    return parseForeignJson(value);
  } catch {
    return undefined;
  }
}
