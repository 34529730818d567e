import type { Settings } from './settings.ts';
import { showEntry } from './values.ts';

/** A row of `dpm config show`. */
export interface ShownSetting {
  /** `dpm.max_memory` */
  readonly option: string;
  /** `***` for a secret. */
  readonly value: string;
  /** `nova-dpm.conf:12`, an environment variable, a cloud, or `default`. */
  readonly source: string;
}

/** Every setting that has a value, with its origin, in the order of the sample file. */
export function configShow(settings: Settings): readonly ShownSetting[] {
  return settings.entries.map((entry) => ({
    option: `${entry.section}.${entry.option}`,
    value: showEntry(entry),
    source: entry.source,
  }));
}
