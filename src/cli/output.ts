import { stringify as toCsv } from 'csv-stringify/sync';
import { Document, visit } from 'yaml';
import { ConfigError } from '../base/index.ts';
import type { JsonValue } from '../base/index.ts';
import { formats } from './global-options.ts';
import type { Format, Sorting } from './global-options.ts';
import { printable } from './printable.ts';
import { cellOf, headOf } from './table-cells.ts';
import type { CellMaker } from './table-cells.ts';
import { drawFields, drawTable } from './table.ts';

/** Plain JSON as interfaces.md section 3 describes it: printed as it is. */
type JsonObject = Readonly<Record<string, JsonValue | undefined>>;

export interface OutputChoice {
  readonly format: Format;
  /** Empty for the default columns. */
  readonly columns: readonly string[];
  /** Whether tables, CSV and values show all columns. */
  readonly long?: boolean | undefined;
  /** Characters in a line of the terminal, to which tables are wrapped between words. */
  readonly width?: number | undefined;
  readonly sort?: Sorting | undefined;
}

export interface ResultColumns {
  /** Columns of tables, CSV and values without `--long`; by default all. */
  readonly shown?: readonly string[] | undefined;
  /** Cells in a table of values that are not printed as they are. */
  readonly cells?: Readonly<Record<string, CellMaker>> | undefined;
}

/** A result in plain JSON: one object, or a list with its columns. */
export type Result = ResultColumns &
  (
    | { readonly kind: 'object'; readonly object: object; readonly columns?: readonly string[] }
    | { readonly kind: 'list'; readonly rows: readonly object[]; readonly columns: readonly string[] }
  );

/** Formats a result, with a line end. @throws ConfigError for an unknown column */
export function formatResult(result: Result, choice: OutputChoice): string {
  const columns = columnsToPrint(result, choice);
  if (result.kind === 'object') return formatObject(result.object, columns, result.cells, choice);
  const rows = sortRows(result.rows, result.columns, choice.sort);
  return formatList(rows, columns, result.cells, choice);
}

function columnsToPrint(result: Result, { columns, format, long }: OutputChoice): readonly string[] {
  const known = result.columns ?? (result.kind === 'object' ? Object.keys(result.object) : []);
  if (columns.length > 0) return chooseColumns(columns, known);
  const isForPrograms = format === 'json' || format === 'yaml' || format === 'shell';
  return isForPrograms || long === true ? known : (result.shown ?? known);
}

/**
 * Returns the columns to print, in the requested order. Takes the key of a column or its head in a table, ignores case,
 * and the difference between blank, dash and underscore.
 *
 * @throws ConfigError that lists the known columns
 */
export function chooseColumns(asked: readonly string[], known: readonly string[], option = '-c'): readonly string[] {
  if (asked.length === 0) return known;
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-\s]/g, '_');
  return asked.map((name) => {
    const found = known.find((column) => [column, headOf(column)].some((each) => plain(each) === plain(name)));
    if (found !== undefined) return found;
    throw new ConfigError(
      `option ${option} = ${JSON.stringify(name)}: expected one of the columns ${known.join(', ')}`,
      {
        option,
        value: name,
      },
    );
  });
}

/** Sorts rows as the OpenStack client does: numbers by value, rows without a value last. Source: cliff lister.py. */
function sortRows(rows: readonly object[], known: readonly string[], sort: Sorting | undefined): readonly object[] {
  if (sort === undefined || sort.columns.length === 0) return rows;
  const keys = chooseColumns(sort.columns, known, '--sort-column');
  const byKeys = (a: JsonObject, b: JsonObject) => {
    for (const key of keys) {
      const order = compare(a[key] ?? null, b[key] ?? null);
      if (order !== 0) return sort.isDescending ? -order : order;
    }
    return 0;
  };
  return rows.toSorted((a, b) => byKeys({ ...a }, { ...b }));
}

function compare(a: JsonValue, b: JsonValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [first, second] = [cell(a), cell(b)];
  return first < second ? -1 : Number(first > second);
}

function pick(view: object, columns: readonly string[]): JsonObject {
  const object: JsonObject = { ...view };
  return Object.fromEntries(columns.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]));
}

type Cells = ResultColumns['cells'];

function tableCell(cells: Cells, column: string, value: JsonValue | undefined) {
  const make = cells?.[column];
  return make === undefined ? cellOf(value) : make(value).map((line) => printable(line));
}

function formatObject(view: object, columns: readonly string[], makers: Cells, choice: OutputChoice): string {
  const object = pick(view, columns);
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
    case 'shell':
      return lines(columns.map((name, index) => shellVariable(name, cells[index] ?? '')));
    case 'table': {
      const fields = columns.map((name) => [name, tableCell(makers, name, object[name])] as const);
      return drawFields(fields, choice.width);
    }
  }
}

function formatList(views: readonly object[], columns: readonly string[], makers: Cells, choice: OutputChoice): string {
  const rows = views.map((view) => pick(view, columns));
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
    case 'shell':
      requireListFormat('shell');
      return '';
    case 'table': {
      const tableRows = rows.map((row) => columns.map((name) => tableCell(makers, name, row[name])));
      return drawTable(columns.map(headOf), tableRows, choice.width);
    }
  }
}

/** The OpenStack client has no shell format for lists. @throws ConfigError */
export function requireListFormat(format: Format): void {
  if (format !== 'shell') return;
  const expected = formats.filter((each) => each !== 'shell').join(', ');
  throw new ConfigError(`option -f = "shell": expected one of ${expected} for a list`, { option: '-f', value: format });
}

/** Formats one row of a list on one line, for output that never ends. @throws ConfigError for an unknown column */
export function formatJsonLine(row: object, known: readonly string[], asked: readonly string[]): string {
  return `${escapeControls(JSON.stringify(pick(row, chooseColumns(asked, known))))}\n`;
}

/** Returns an assignment that a POSIX shell evaluates to the value, whatever characters are in it. */
function shellVariable(name: string, value: string): string {
  const variable = name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
  return `${variable}="${value.replaceAll(/["\\$`]/g, (character) => `\\${character}`)}"`;
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
