import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseForeignJson } from '../base/index.ts';
import { deviceInfoSchema } from '../compute/local/index.ts';
import type { KeptDeviceInfo, MultipathChoice } from '../compute/local/index.ts';
import { trueOrFalse } from './usage.ts';

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

/** Parses `--device-info`, the output of `local-attach -f json` or os-brick. Ignores other keys. */
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
