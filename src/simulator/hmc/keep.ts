import type { HmcContext } from './context.ts';
import type { KeptHmc } from './model/kept.ts';
import { initiatorsOf } from './power/initiators.ts';
import { setStatus } from './power/power.ts';
import { statusOf, transitionalStatuses } from './rules/statuses.ts';
import { discoverRegularly, discoverSoon } from './storage/discovery.ts';

/** Returns the state of an HMC. */
export function keepHmc(context: HmcContext): KeptHmc {
  const { hmc: level, model, cabling, fcpGroups, cpcApiFeatures, consoles, images, wwpns } = context;
  const resources = model.everything().map(({ class: kind, parent, props }) => ({ class: kind, parent, props }));
  return { level, resources, cabling, fcpGroups, cpcApiFeatures, consoles, images, wwpns: wwpns.state };
}

/** Fills an empty HMC. A partition that was starting or stopping is stopped, because its job is lost. */
export function restoreHmc(context: HmcContext, kept: KeptHmc): void {
  const { model } = context;
  for (const { class: kind, parent, props } of kept.resources) model.add(kind, parent, props);
  for (const name of ['cabling', 'fcpGroups', 'cpcApiFeatures', 'consoles', 'images'] as const) {
    const map = context[name] as Map<string, unknown>;
    for (const [uri, value] of kept[name] ?? []) map.set(uri, value);
  }
  context.wwpns.restore(kept.wwpns);
  for (const partition of model.all('partition')) {
    if (!transitionalStatuses.includes(statusOf(partition))) continue;
    for (const { wwpn } of initiatorsOf(context, partition)) context.san.logout(wwpn);
    setStatus(partition, 'stopped');
  }
  for (const group of model.all('storage-group')) {
    discoverSoon(context, group);
    discoverRegularly(context, group);
  }
}
