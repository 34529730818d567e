import { chmodSync, closeSync, openSync, writeSync } from 'node:fs';
import { pino } from 'pino';
import { blankKnownSecrets, blankSecrets, ConfigError, describeError, DpmError, toError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import type { LogLevel } from './global-options.ts';
import { printable } from './printable.ts';

interface LogOptions {
  readonly level: LogLevel;
  /** File for JSON lines, mode 0600. Without it, readable lines go to `write`. */
  readonly file: string | undefined;
  readonly write: (text: string) => void;
  /** Returns the request that a line belongs to. */
  readonly requestId: () => string;
}

export interface OpenLog {
  readonly log: Logger;
  readonly close: () => void;
}

/** Opens the log of one command. @throws ConfigError when the file cannot be written */
export function openLog(options: LogOptions): OpenLog {
  const file = options.file === undefined ? undefined : openLogFile(options.file);
  const own = options.requestId();
  const write = (line: string) => {
    if (file === undefined) options.write(forPeople(withoutSecrets(line), own));
    else writeSync(file, withoutSecrets(line));
  };
  const logger = pino(
    {
      level: options.level,
      base: {},
      mixin: () => ({ requestId: options.requestId() }),
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeForLog, error: describeForLog },
    },
    { write },
  );
  return {
    log: logger,
    close: () => {
      if (file !== undefined) closeSync(file);
    },
  };
}

/** A second protection: blanks fields by name, at any depth, and every secret that this process knows. */
function withoutSecrets(line: string): string {
  return blankKnownSecrets(`${JSON.stringify(blankSecrets(JSON.parse(line)))}\n`);
}

function openLogFile(path: string): number {
  try {
    const file = openSync(path, 'a', 0o600);
    chmodSync(path, 0o600); // for an existing file
    return file;
  } catch (error) {
    const text = `option --log-file = ${JSON.stringify(path)}: expected a file that can be written`;
    throw new ConfigError(text, {}, { cause: error });
  }
}

/** Logs only listed fields, because an error of another package may contain the whole request with its password. */
function describeForLog(thrown: unknown): Record<string, unknown> | string {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? thrown : describeError(thrown);
  const error = toError(thrown);
  const own = error instanceof DpmError ? { code: error.code, facts: error.facts } : {};
  return { type: error.name, message: describeError(error), stack: error.stack, ...own };
}

const ownFields = ['time', 'level', 'msg'];

/** `2026-11-21T10:00:00.000Z WARN  message key=value`. @param own - request id of the command, which is not repeated */
function forPeople(line: string, own: string): string {
  const record = JSON.parse(line) as Record<string, unknown>; // pino wrote it
  const fields = Object.entries(record)
    .filter(([key, value]) => !ownFields.includes(key) && !(key === 'requestId' && value === own))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const level = String(record.level).toUpperCase().padEnd(5);
  return `${printable([record.time, level, record.msg, ...fields].filter(Boolean).join(' '))}\n`;
}
