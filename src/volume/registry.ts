import { DpmError } from '../base/index.ts';
import { FibreChannelVolumeDriver } from './fibrechannel/driver.ts';
import { loadClass } from './load-export.ts';
import type { ExportReference } from './load-export.ts';
import { volumeDriverMethods } from './volume-driver.ts';
import type { VolumeDriver, VolumeDriverClass, VolumeDriverContext } from './volume-driver.ts';

/** There is no volume driver for the type, or the driver that a setting names cannot be used. @public */
export class VolumeDriverError extends DpmError {
  readonly code = 'VOLUME_DRIVER';
}

/** One line of the setting `dpm.volume_drivers`. The module `builtin` means the driver of this package. */
export interface VolumeDriverEntry extends ExportReference {
  /** Cinder's `driver_volume_type`. */
  readonly type: string;
}

const builtins: Readonly<Record<string, VolumeDriverClass>> = { fibre_channel: FibreChannelVolumeDriver };

/** Maps `driver_volume_type` to a volume driver. Loads all drivers at start, so that a missing one is reported early. */
export class VolumeDriverRegistry {
  readonly #drivers: ReadonlyMap<string, VolumeDriver>;

  private constructor(drivers: ReadonlyMap<string, VolumeDriver>) {
    this.#drivers = drivers;
  }

  /** @throws VolumeDriverError naming the line of the setting, when a driver cannot be loaded or lacks a method */
  static async load(
    entries: readonly VolumeDriverEntry[],
    context: VolumeDriverContext,
    baseDir: string,
  ): Promise<VolumeDriverRegistry> {
    const drivers = new Map<string, VolumeDriver>();
    for (const entry of entries) drivers.set(entry.type, await make(entry, context, baseDir));
    return new VolumeDriverRegistry(drivers);
  }

  /** @throws VolumeDriverError when no driver serves this type */
  get(type: string): VolumeDriver {
    const driver = this.find(type);
    if (driver !== undefined) return driver;
    const known = [...this.#drivers.keys()].join(', ');
    throw new VolumeDriverError(`no volume driver for driver_volume_type "${type}" (there is one for ${known})`, {
      type,
    });
  }

  find(type: string): VolumeDriver | undefined {
    return this.#drivers.get(type);
  }
}

async function make(entry: VolumeDriverEntry, context: VolumeDriverContext, baseDir: string): Promise<VolumeDriver> {
  const DriverClass = entry.module === 'builtin' ? builtin(entry.type) : await external(entry, baseDir);
  let driver: VolumeDriver;
  try {
    driver = new DriverClass(context);
  } catch (error) {
    throw unusable(entry, 'its constructor failed', error);
  }
  const missing = volumeDriverMethods.filter((method) => typeof driver[method] !== 'function');
  if (missing.length > 0) throw unusable(entry, `it has no method ${missing.join(', ')}`);
  return driver;
}

function builtin(type: string): VolumeDriverClass {
  const found = Object.hasOwn(builtins, type) ? builtins[type] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(builtins).join(', ');
  throw new VolumeDriverError(`dpm.volume_drivers: there is no built-in driver for "${type}" (only for ${known})`, {
    type,
  });
}

async function external(entry: VolumeDriverEntry, baseDir: string): Promise<VolumeDriverClass> {
  try {
    return await loadClass<VolumeDriverClass>(entry, baseDir);
  } catch (error) {
    throw unusable(entry, 'it cannot be loaded', error);
  }
}

function unusable(entry: VolumeDriverEntry, why: string, cause?: unknown): VolumeDriverError {
  const shown = `${entry.type}=${entry.module}${entry.exportName === undefined ? '' : `#${entry.exportName}`}`;
  return new VolumeDriverError(`dpm.volume_drivers "${shown}": ${why}`, { type: entry.type }, { cause });
}
