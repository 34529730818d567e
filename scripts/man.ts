/*
 * Writes the manual page from the help of the commands: man/dpm.1, or the file given. npm run build runs it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command, Option } from 'commander';
import { visibleCommands } from '../src/cli/complete.ts';
import { exitCodes } from '../src/cli/exit-codes.ts';
import { nodeIo } from '../src/cli/node-io.ts';
import { buildProgram } from '../src/cli/program.ts';

const [file = 'man/dpm.1'] = process.argv.slice(2);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, manPage(buildProgram(nodeIo(), () => Promise.resolve())));

/**
 * Returns the manual page dpm(1) in the man macros of roff, generated from the help of all commands. Source of the macros and
 * sections: man-pages(7), man(7).
 */
function manPage(program: Command): string {
  const globals = program.options.filter(({ hidden }) => !hidden);
  const commands = leaves(program, []);
  return [
    `.TH DPM 1 "" "nova-dpm ${escape(program.version() ?? '')}" "User Commands"`,
    '.SH NAME',
    'dpm \\- manage instances as partitions of an IBM Z or LinuxONE machine in DPM mode',
    '.SH SYNOPSIS',
    '.B dpm',
    '.RI [ options ]',
    '.I command',
    '.RI [ arguments ]',
    '.SH DESCRIPTION',
    text(program.description()),
    '.SH COMMANDS',
    ...commands.flatMap(({ path, command }) => section(path, command)),
    '.SH GLOBAL OPTIONS',
    ...globals.flatMap(option),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodes).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH ENVIRONMENT',
    ...['.TP', '.B NOVA_DPM_CONFIG', 'The settings file, if no \\-\\-config\\-file is given.'],
    ...['.TP', '.B NOVA_DPM_<SECTION>__<OPTION>', 'A setting. It overrides the settings files.'],
    '.SH FILES',
    ...['.TP', '.I ./nova\\-dpm.conf, /etc/nova\\-dpm/nova\\-dpm.conf', 'Settings, if no other file is named.'],
    '',
  ].join('\n');
}

interface Leaf {
  readonly path: readonly string[];
  readonly command: Command;
}

/** Returns the commands that do something, in the order of the help. */
function leaves(command: Command, path: readonly string[]): readonly Leaf[] {
  return visibleCommands(command).flatMap((child) => {
    const below = [...path, child.name()];
    const inner = leaves(child, below);
    return inner.length > 0 ? inner : [{ path: below, command: child }];
  });
}

function section(path: readonly string[], command: Command): readonly string[] {
  const usage = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [
    `.SS ${escape(['dpm', ...path, ...usage].join(' '))}`,
    text(command.description()),
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .flatMap((argument) => ['.TP', `.I ${escape(argument.name())}`, text(argument.description)]),
    ...command.options.filter(({ hidden }) => !hidden).flatMap(option),
  ];
}

function option({ flags, description, argChoices, defaultValue }: Option): readonly string[] {
  const choices = argChoices === undefined ? '' : ` (one of ${argChoices.join(', ')})`;
  const isShown = ['string', 'number'].includes(typeof defaultValue);
  return [
    '.TP',
    `.B ${escape(flags)}`,
    text(`${description}${choices}${isShown ? ` (default: ${String(defaultValue)})` : ''}`),
  ];
}

/** Escapes a paragraph. A line that begins with a dot or an apostrophe would be a request of roff. */
function text(paragraph: string): string {
  return paragraph
    .split('\n')
    .map((line) => escape(line.trim()).replace(/^(?=[.'])/, '\\&'))
    .filter((line) => line !== '')
    .join('\n');
}

/** Escapes backslashes, hyphens (which roff prints as other characters), quotes and characters beyond ASCII. */
function escape(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll(
      /[^\x20-\x7e]/gu,
      (found) => `\\[u${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
