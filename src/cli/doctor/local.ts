import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { silentLogger } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { Settings } from '../../config/index.ts';
import { VolumeDriverRegistry } from '../../volume/index.ts';
import { HostConnectorRegistry, openLocalSystem } from '../../volume/host/index.ts';
import type { DoctorCheck } from './checks.ts';
import { fail, failed, ok } from './checks.ts';

/** Checks what this host contributes: the state directory, and the modules that the settings name. */
export async function checkLocal(settings: Settings, baseDir: string, w: Waiting): Promise<readonly DoctorCheck[]> {
  const drivers = settings.dpm.volumeDrivers.filter(({ module }) => module !== 'builtin');
  const connectors = settings.dpm.hostConnectors;
  const system = openLocalSystem();
  const log = silentLogger;
  return [
    checkStateDirectory(settings.statePath),
    ...(await Promise.all(
      drivers.map((driver) =>
        checkModule(`volume driver ${driver.type}`, driver.module, 'check dpm.volume_drivers', w, async () => {
          // A driver only keeps its context when it is made.
          const context = { log, ignoredTargets: new Set() } as unknown as Parameters<
            typeof VolumeDriverRegistry.load
          >[1];
          await VolumeDriverRegistry.load([driver], context, baseDir);
        }),
      ),
    )),
    ...(await Promise.all(
      connectors.map((connector) =>
        checkModule(
          `host connector ${connector.protocol}`,
          connector.module,
          'check dpm.host_connectors',
          w,
          async () => {
            const context = { system, log, policies: undefined, useMultipath: false, enforceMultipath: false };
            await HostConnectorRegistry.load(context, [connector], baseDir);
          },
        ),
      ),
    )),
  ];
}

async function checkModule(
  name: string,
  module: string,
  advice: string,
  w: Waiting,
  load: () => Promise<void>,
): Promise<DoctorCheck> {
  try {
    await load();
    return ok(name, `${module} loads`);
  } catch (error) {
    return { ...failed(name, error, advice, w.signal), code: 'CONFIG' };
  }
}

/** Looks at the permissions only: the directory is made by the first command that needs it. */
function checkStateDirectory(path: string): DoctorCheck {
  const name = 'state directory';
  let nearest = path;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return ok(name, nearest === path ? path : `${path}, which the first command creates`);
  } catch {
    const where = nearest === path ? path : `${path}: ${nearest}`;
    return fail(
      name,
      `${where} is not writable for this user`,
      'set DEFAULT.state_path, or change its owner',
      'CONFIG',
    );
  }
}
