import { ConfigError } from '../base/index.ts';
import { loadExport, parseExportReference } from '../volume/index.ts';
import type { ComputeDriver, VirtApi } from './compute-driver.ts';
import { DpmDriver } from './dpm/driver.ts';
import type { DpmDriverServices } from './dpm/driver.ts';
import type { DpmDriverSettings } from './dpm/settings.ts';
import { FakeDriver } from './fake/driver.ts';

/** What a driver is created from. The settings are those of DPM; another driver reads its own. @public */
export interface DriverServices extends DpmDriverServices {
  readonly virtapi: VirtApi;
  readonly dpm: () => DpmDriverSettings;
  readonly host: string;
}

/** The export of a module that `compute_driver` names. @public */
export type ComputeDriverClass = new (virtapi: VirtApi, services: DriverServices) => ComputeDriver;

/** Names that users know from nova.conf. */
const builtins: Readonly<Record<string, (services: DriverServices) => ComputeDriver>> = {
  'dpm.DPMDriver': (services) => new DpmDriver(services.dpm(), services.virtapi, services),
  'fake.FakeDriver': (services) => new FakeDriver(services.host, services.virtapi),
};

/**
 * Loads the driver that `DEFAULT.compute_driver` names: a built-in one, or `<module>#<Export>`.
 *
 * @throws ConfigError naming the option, the value and what was expected
 */
export async function loadDriver(name: string, services: DriverServices, baseDir: string): Promise<ComputeDriver> {
  const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
  if (builtin !== undefined) return builtin(services);
  try {
    const loaded = await loadExport(parseExportReference(name), baseDir);
    if (typeof loaded !== 'function') throw new Error(`it exports ${typeof loaded}, expected a class`);
    const DriverClass = loaded as ComputeDriverClass; // its methods are not checked before use, as in Nova
    return new DriverClass(services.virtapi, services);
  } catch (error) {
    const expected = `${Object.keys(builtins).join(', ')} or <module>#<Export>`;
    throw new ConfigError(
      `DEFAULT.compute_driver is "${name}", expected ${expected}`,
      { option: 'DEFAULT.compute_driver', value: name },
      { cause: error },
    );
  }
}
