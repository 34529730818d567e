import type { JsonValue } from '../base/index.ts';
import { printable } from './printable.ts';
import type { Cell } from './table.ts';

type JsonMap = Readonly<Record<string, JsonValue | undefined>>;

/** Makes a cell of a value. For a column whose values people read in another form than programs. */
export type CellMaker = (value: JsonValue | undefined) => Cell;

/** Words that are not written with one capital. */
const spelled: Readonly<Record<string, string>> = {
  ...{
    id: 'ID',
    uri: 'URI',
    url: 'URL',
    cpc: 'CPC',
    dpm: 'DPM',
    se: 'SE',
    hmc: 'HMC',
    hba: 'HBA',
    lun: 'LUN',
    wwpn: 'WWPN',
    wwpns: 'WWPNs',
  },
  ...{ vcpus: 'VCPUs', gib: 'GiB', gb: 'GiB', mib: 'MiB', mb: 'MiB' }, // Nova's "mb" are MiB, Cinder's "gb" GiB
};

/** Returns the head of a column, as the OpenStack client writes it: `power_state` is "Power State". */
export function headOf(column: string): string {
  return column
    .replace(/_ms$/, '') // a duration for people has its unit beside the number
    .split('_')
    .map((word) => spelled[word] ?? `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join(' ');
}

/** Formats a value for people: each item of a list and each key of an object on a line. */
export function cellOf(value: JsonValue | undefined): Cell {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => itemLines(item));
  if (!isObject(value)) return [plain(value)];
  return Object.entries(value).flatMap(([key, inner]) => keyLines(key, inner));
}

function keyLines(key: string, inner: JsonValue | undefined): Cell {
  if (!isListOfObjects(inner)) return [`${printable(key)}: ${inLine(inner)}`];
  return [`${printable(key)}:`, ...cellOf(inner).map((line) => `  ${line}`)];
}

/** Formats an item on one line, with inner lists indented below it. */
function itemLines(item: JsonValue): Cell {
  if (!isObject(item)) return [inLine(item)];
  const entries = Object.entries(item);
  const others = Object.fromEntries(entries.filter(([, inner]) => !isListOfObjects(inner)));
  const below = entries.filter(([, inner]) => isListOfObjects(inner)).flatMap(([, inner]) => cellOf(inner));
  return [inLine(others), ...below.map((line) => `  ${line}`)];
}

function inLine(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return value.map((item: JsonValue) => inLine(item)).join(', ');
  if (!isObject(value)) return plain(value);
  return Object.entries(value)
    .map(([key, inner]) => `${printable(key)}: ${isCompound(inner) ? `(${inLine(inner)})` : inLine(inner)}`)
    .join(', ');
}

function plain(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function isCompound(value: JsonValue | undefined): boolean {
  return typeof value === 'object' && value !== null;
}

function isObject(value: JsonValue | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfObjects(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.some((item: JsonValue) => isObject(item));
}
