import type { Random } from '../../server/index.ts';
import type { Now } from '../clock.ts';
import { uuidOf } from '../names.ts';
import { completeImages, defaultImages } from '../glance/images.ts';
import type { OpenstackOptions } from '../options.ts';
import { VolumeDriver } from './driver.ts';
import { parseMaximum } from './microversion.ts';
import type { CinderService, VolumeType } from './service.ts';
import { CinderState } from './state.ts';
import { DEFAULT_TYPE } from './volumes.ts';

// Newest microversion of the release read (2026.1).
const NEWEST = '3.71';

/** Name of the type whose volumes can be attached several times. */
export const MULTIATTACH_TYPE = 'multiattach';

/** Long enough for a client that polls to see `downloading`. */
const DOWNLOAD_MS = 500;

/** Cinder without its HTTP server. Throws RangeError for a `maxMicroversion` that is none. */
export function createCinderService(
  options: OpenstackOptions,
  now: Now,
  newId: () => string,
  random: Random,
): CinderService {
  const { san, faults, cinder = {} } = options;
  const shape = cinder.connectionShape ?? 'storwize';
  return {
    state: new CinderState(now, newId),
    driver: new VolumeDriver({
      san,
      faults,
      random,
      shape,
      requireWwnns: cinder.requireWwnns ?? false,
      strictTerminate: cinder.strictTerminate ?? true,
    }),
    nova: cinder.nova ?? 'uses',
    timing: { scheduleMs: 0, createMs: 0, downloadMs: DOWNLOAD_MS, deleteMs: 0, extendMs: 0, ...cinder.timing },
    quota: { volumes: 1000, gigabytes: 100_000, ...cinder.quota },
    types: initialTypes(),
    images: completeImages(options.images ?? defaultImages),
    maximum: parseMaximum(cinder.maxMicroversion ?? NEWEST),
    refusedConnectorStatus: cinder.refusedConnectorStatus ?? 500,
  };
}

function initialTypes(): Map<string, VolumeType> {
  const make = (name: string, description: string, extraSpecs: Record<string, string>): [string, VolumeType] => [
    name,
    { id: uuidOf('volume type', name), name, description, extraSpecs },
  ];
  return new Map([
    make(DEFAULT_TYPE, 'Default Volume Type', {}),
    make(MULTIATTACH_TYPE, 'Can be attached several times', { multiattach: '<is> True' }),
    make('fast', 'Flash storage', { volume_backend_name: 'fc' }),
  ]);
}
