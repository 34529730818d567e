import type { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import type { BootFrom } from '../../virt/index.ts';
import type { imageMetaShape } from './shapes.ts';

/** Key of an image property that names an ISO image on the compute host to boot from. */
const ISO = 'dpm_boot_iso';

/**
 * Returns what a partition boots from during a rescue. A partition boots no image of Glance: its properties name what it boots
 * from instead.
 *
 * @throws ConflictError for an image without such a property
 */
export function rescueSourceOf(image: z.output<typeof imageMetaShape> | undefined): BootFrom {
  const { properties = {}, name, id } = image ?? {};
  const iso = properties[ISO];
  if (typeof iso === 'string') return { source: 'iso', image: iso };
  throw new ConflictError(
    `rescue: image ${name ?? id ?? 'without a name'} has no property ${ISO}, which names an ISO image on the compute host; a partition cannot boot an image of Glance`,
  );
}
