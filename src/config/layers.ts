import type { Option } from './option.ts';

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly line: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'cloud'; readonly path: string; readonly cloud: string };

/** `nova-dpm.conf:12`, `OS_USERNAME`, `clouds.yaml: mycloud`, `default`. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${source.path}:${source.line}`;
    case 'environment':
      return source.name;
    case 'cloud':
      return `${source.path}: ${source.cloud}`;
  }
}

/** A value as it was written. */
export interface Given {
  readonly value: string;
  readonly source: Source;
}

/** Values of one origin by `section.option`, in the order in which they were given. */
export class Layer {
  readonly #values = new Map<string, Given[]>();

  add(section: string, name: string, given: Given): void {
    const key = `${section}.${name}`;
    const before = this.#values.get(key);
    if (before === undefined) this.#values.set(key, [given]);
    else before.push(given);
  }

  get(section: string, name: string): readonly Given[] | undefined {
    return this.#values.get(`${section}.${name}`);
  }

  remove(section: string, name: string): readonly Given[] {
    const key = `${section}.${name}`;
    const removed = this.#values.get(key) ?? [];
    this.#values.delete(key);
    return removed;
  }

  /** Section, option and values of everything in it. */
  *entries(): Generator<{ section: string; name: string; given: readonly Given[] }> {
    for (const [key, given] of this.#values) {
      const dot = key.lastIndexOf('.');
      yield { section: key.slice(0, dot), name: key.slice(dot + 1), given };
    }
  }
}

/** Every origin of values, the winning one first. */
export interface Layers {
  /** `NOVA_DPM_…` */
  readonly environment: Layer;
  /** The entry of clouds.yaml that `cinder.cloud` names. */
  readonly cloud: Layer;
  readonly files: Layer;
  /** `OS_…` */
  readonly openstack: Layer;
  /** What depends on the machine: the host name. */
  readonly defaults: Layer;
}

export function emptyLayers(): Layers {
  return {
    environment: new Layer(),
    cloud: new Layer(),
    files: new Layer(),
    openstack: new Layer(),
    defaults: new Layer(),
  };
}

/** The values of an option from the first origin that has it, under its own name or another. */
export function findGiven(
  layers: Layers,
  section: string,
  name: string,
  option?: Option,
): readonly Given[] | undefined {
  for (const layer of [layers.environment, layers.cloud, layers.files, layers.openstack, layers.defaults]) {
    const given = givenIn(layer, section, name, option);
    if (given !== undefined) return given;
  }
  return undefined;
}

/** The same in one origin. */
export function givenIn(layer: Layer, section: string, name: string, option?: Option): readonly Given[] | undefined {
  const own = layer.get(section, name);
  if (own !== undefined) return own;
  for (const alias of option?.aliases ?? []) {
    const [first = '', second] = alias.split('.');
    const given = second === undefined ? layer.get(section, first) : layer.get(first, second);
    if (given !== undefined) return given;
  }
  return undefined;
}
