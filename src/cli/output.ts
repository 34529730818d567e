import Table from 'cli-table3';
import { stringify as toCsv } from 'csv-stringify/sync';
import { Document, visit } from 'yaml';
import { ConfigError } from '../base/index.ts';
import type { JsonValue } from '../base/index.ts';
import type { Format } from './global-options.ts';
import { printable } from './printable.ts';

/** Plain JSON as interfaces.md section 3 describes it: printed as it is. */
type JsonObject = Readonly<Record<string, JsonValue | undefined>>;

export interface OutputChoice {
  readonly format: Format;
  /** Empty for all. */
  readonly columns: readonly string[];
  /** Characters in a line of the terminal, to which tables are wrapped between words. */
  readonly width?: number | undefined;
}

/** A result in plain JSON: one object, or a list with its columns. */
export type Result =
  | { readonly kind: 'object'; readonly object: object; readonly columns?: readonly string[] }
  | { readonly kind: 'list'; readonly rows: readonly object[]; readonly columns: readonly string[] };

/** Formats a result, with a line end. */
export function formatResult(result: Result, choice: OutputChoice): string {
  const columns = chooseColumns(choice.columns, columnsOf(result));
  if (result.kind === 'object') return formatObject(pick(result.object, columns), columns, choice);
  const rows = result.rows.map((row) => pick(row, columns));
  return formatList(rows, columns, choice);
}

function columnsOf(result: Result): readonly string[] {
  return result.columns ?? (result.kind === 'object' ? Object.keys(result.object) : []);
}

/**
 * Returns the columns to print, in the requested order. Ignores case, and the difference between blank, dash and
 * underscore.
 *
 * @throws ConfigError that lists the known columns
 */
export function chooseColumns(asked: readonly string[], known: readonly string[]): readonly string[] {
  if (asked.length === 0) return known;
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-\s]/g, '_');
  return asked.map((name) => {
    const found = known.find((column) => plain(column) === plain(name));
    if (found !== undefined) return found;
    throw new ConfigError(`option -c = ${JSON.stringify(name)}: expected one of the columns ${known.join(', ')}`, {
      option: '-c',
      value: name,
    });
  });
}

function pick(view: object, columns: readonly string[]): JsonObject {
  const object: JsonObject = { ...view };
  return Object.fromEntries(columns.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]));
}

function formatObject(object: JsonObject, columns: readonly string[], choice: OutputChoice): string {
  const cells = columns.map((name) => cell(object[name]));
  switch (choice.format) {
    case 'json':
      return toJson(object);
    case 'yaml':
      return toYaml(object);
    case 'csv':
      return csv([columns, cells]);
    case 'value':
      return lines(cells);
    case 'table': {
      const fields = columns.map((name) => [name, tableCell(object[name])]);
      return table(['Field', 'Value'], fields, choice.width);
    }
  }
}

function formatList(rows: readonly JsonObject[], columns: readonly string[], choice: OutputChoice): string {
  const cells = rows.map((row) => columns.map((name) => cell(row[name])));
  switch (choice.format) {
    case 'json':
      return toJson(rows);
    case 'yaml':
      return toYaml(rows);
    case 'csv':
      return csv([columns, ...cells]);
    case 'value':
      return lines(cells.map((row) => row.join(' ')));
    case 'table': {
      const tableRows = rows.map((row) => columns.map((name) => tableCell(row[name])));
      return table(columns, tableRows, choice.width);
    }
  }
}

/** Control characters that JSON does not escape but terminals obey. */
const bareControls = /[\u007f-\u009f\u2028\u2029]/g;

function escapeControls(text: string): string {
  return text.replaceAll(bareControls, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function toJson(value: JsonObject | readonly JsonObject[]): string {
  return `${escapeControls(JSON.stringify(value, null, 2))}\n`;
}

function toYaml(value: JsonObject | readonly JsonObject[]): string {
  const document = new Document(value);
  visit(document, {
    // YAML has escapes only within double quotes.
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && /\p{Cc}/u.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return escapeControls(document.toString({ lineWidth: 0 }));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function csv(rows: readonly (readonly string[])[]): string {
  return toCsv(rows.map((row) => [...row]));
}

/** Formats a value on one line; objects and lists as JSON. */
function cell(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Formats a value for users: each item of a list on its own line, with inner lists indented below. */
function tableCell(value: JsonValue | undefined): string {
  return Array.isArray(value) ? value.flatMap((item: JsonValue) => itemLines(item)).join('\n') : inLine(value);
}

function itemLines(item: JsonValue): readonly string[] {
  if (!isObject(item)) return [inLine(item)];
  const lists = Object.entries(item).filter(([, inner]) => isListOfObjects(inner));
  const others = Object.entries(item).filter(([, inner]) => !isListOfObjects(inner));
  const below = lists.flatMap(([, inner]) => tableCell(inner).split('\n'));
  return [inLine(Object.fromEntries(others)), ...below.filter((line) => line !== '').map((line) => `  ${line}`)];
}

type JsonMap = Readonly<Record<string, JsonValue | undefined>>;

function isObject(value: JsonValue | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfObjects(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.some((item: JsonValue) => isObject(item));
}

function inLine(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return value.map((item: JsonValue) => inLine(item)).join(', ');
  if (!isObject(value)) return cell(value);
  return Object.entries(value)
    .map(
      ([key, inner]) =>
        `${printable(key)}=${typeof inner === 'object' && inner !== null ? `[${inLine(inner)}]` : inLine(inner)}`,
    )
    .join(', ');
}

/** The borders of OpenStackClient's tables, which can be copied into a mail. */
const plainChars = {
  ...{ top: '-', 'top-mid': '+', 'top-left': '+', 'top-right': '+' },
  ...{ bottom: '-', 'bottom-mid': '+', 'bottom-left': '+', 'bottom-right': '+' },
  ...{ left: '|', 'left-mid': '+', mid: '-', 'mid-mid': '+', right: '|', 'right-mid': '+', middle: '|' },
};

function table(head: readonly string[], rows: readonly (readonly string[])[], width: number | undefined): string {
  const widths = width === undefined ? undefined : fitWidths([head, ...rows], width);
  const wrapping = widths === undefined ? {} : { colWidths: [...widths], wordWrap: true };
  const body = new Table({ head: [...head], chars: plainChars, style: { head: [], border: [] }, ...wrapping });
  body.push(...rows.map((row) => [...row]));
  return `${withoutInnerRules(body.toString().split('\n'))}\n`;
}

/** Keeps only the rule below the head; cli-table3 draws one below every row or none. */
function withoutInnerRules(all: readonly string[]): string {
  const rule = all[0];
  const belowHead = all.indexOf(rule ?? '', 1);
  const kept = (line: string, index: number) => line !== rule || [0, belowHead, all.length - 1].includes(index);
  return all.filter(kept).join('\n');
}

/** Two blanks, one on each side of a cell. */
const PADDING = 2;

/**
 * Returns column widths with which a table fits into a line, or undefined when it fits unchanged. Shrinks the widest
 * columns first, but never below their longest word, so that every ID can be copied.
 */
function fitWidths(rows: readonly (readonly string[])[], width: number): readonly number[] | undefined {
  const widest = (cells: readonly string[], apart: RegExp) =>
    PADDING + Math.max(...cells.flatMap((text) => text.split(apart)).map((part) => part.length));
  const columns = (rows[0] ?? []).map((_, index) => rows.map((row) => row[index] ?? ''));
  const widths = columns.map((cells) => widest(cells, /\n/));
  const least = columns.map((cells) => widest(cells, /\s/));
  const borders = columns.length + 1;
  let excess = widths.reduce((sum, each) => sum + each, borders) - width;
  if (excess <= 0) return undefined;
  for (; excess > 0; excess -= 1) {
    const giving = widths.map((each, index) => (each > (least[index] ?? each) ? each : 0));
    const most = Math.max(...giving);
    if (most === 0) break;
    widths[giving.indexOf(most)] = most - 1;
  }
  return widths;
}
