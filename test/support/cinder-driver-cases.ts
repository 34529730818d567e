import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { caseSchema, sourceSchema } from './connection-info-cases.ts';

const cinderFile = z.templateLiteral([
  'cinder/',
  z.enum(['volume/drivers/', 'tests/unit/volume/drivers/']),
  z.string(),
]);

const driverSchema = z.strictObject({
  source: sourceSchema,
  driver: z.strictObject({
    name: z.string(),
    class: z.string(),
    /** Below cinder/volume/drivers. */
    module: z.string(),
    /** Where the facts are. */
    code: z.array(cinderFile).min(1),
    tests: z.array(cinderFile).min(1),
  }),
  /** Each `connectionInfo` is what the driver returns, before Cinder's volume manager adds its keys. */
  cases: z.array(caseSchema).min(1),
});

/** What each Fibre Channel driver of Cinder answers, one file for each driver. */
const directory = new URL('../fixtures/cinder-drivers/', import.meta.url);
export const cinderDrivers = readdirSync(directory).map((file) => ({
  file,
  ...driverSchema.parse(JSON.parse(readFileSync(new URL(file, directory), 'utf8'))),
}));

const driverAnswer = z.strictObject({
  driver_volume_type: z.string(),
  data: z.record(z.string(), z.unknown()),
});

/**
 * Returns a driver's answer as Cinder passes it on in both flows. Source of the keys: cinder/volume/manager.py
 * _parse_connection_options, initialize_connection, _connection_create.
 */
export function asCinderAnswers(connectionInfo: unknown): readonly (readonly [flow: string, info: unknown])[] {
  const { driver_volume_type, data } = driverAnswer.parse(connectionInfo);
  const whole = { qos_specs: null, encrypted: false, cacheable: false, ...data, access_mode: 'rw' };
  const attachment_id = '0b2d6f0e-6a9b-4a1e-9a49-4b5c1b0e7f10';
  return [
    ['legacy', { driver_volume_type, data: whole, enforce_multipath: false }],
    ['attachments', { ...whole, driver_volume_type, attachment_id, enforce_multipath: false }],
  ];
}
