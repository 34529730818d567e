import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lunSchema, parseWwpn } from '../../src/base/index.ts';
import { openDatabase } from '../../src/compute/database.ts';
import { InstanceStore } from '../../src/compute/instances.ts';
import type { InstanceRecord } from '../../src/compute/instances.ts';

export const record: InstanceRecord = {
  uuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6',
  name: 'web1',
  host: 'compute1',
  createdAt: '2026-01-01T00:00:00.000Z',
  vcpus: 2,
  memoryMib: 4096,
  vmState: 'active',
  taskState: null,
  powerState: 'running',
  fault: null,
  extraSpecs: {},
  description: null,
};

export const admit = () => undefined;

export const bootPath = {
  initiatorWwpn: parseWwpn('c05076ffe8000001')!,
  targetWwpn: parseWwpn('500507680b214ac1')!,
  lun: lunSchema.parse('0000000000000000'),
  deviceNumber: '8001',
};

/** Creates a state directory with one server and closes it. @returns the path of the database */
export function createDatabase(path: string): string {
  const database = openDatabase(path);
  new InstanceStore(database).create(record, [], admit);
  database.close();
  return join(path, 'state.db');
}

/** Overwrites a page of the file; the first page is 0. */
export function overwrite(file: string, page: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, page * 4096, (page + 1) * 4096);
  writeFileSync(file, bytes);
}
