import type { Option } from './option.ts';

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

/** A value in its text form. */
export interface Given {
  readonly value: string;
  readonly source: Source;
}

/** Values of one origin by `section.option`, in the given order. */
export class Layer {
  readonly #values = new Map<string, readonly Given[]>();

  add(section: string, name: string, given: Given): void {
    this.#values.set(`${section}.${name}`, [...(this.get(section, name) ?? []), given]);
  }

  get(section: string, name: string): readonly Given[] | undefined {
    return this.#values.get(`${section}.${name}`);
  }

  remove(section: string, name: string): readonly Given[] {
    const removed = this.get(section, name) ?? [];
    this.#values.delete(`${section}.${name}`);
    return removed;
  }

  *entries(): Generator<{ section: string; name: string; given: readonly Given[] }> {
    for (const [key, given] of this.#values) {
      const dot = key.lastIndexOf('.');
      yield { section: key.slice(0, dot), name: key.slice(dot + 1), given };
    }
  }
}

/** Returns an empty layer for each origin of values, the one that takes precedence first. */
export function emptyLayers() {
  return {
    /** `NOVA_DPM_…` */
    environment: new Layer(),
    /** The entry of clouds.yaml that `cinder.cloud` names. */
    cloud: new Layer(),
    files: new Layer(),
    /** `OS_…` */
    openstack: new Layer(),
    /** What depends on the machine: the host name. */
    defaults: new Layer(),
  };
}

export type Layers = Readonly<ReturnType<typeof emptyLayers>>;

/** Returns the values of an option from the first layer that has it, under its name or an alias. */
export function findGiven(layers: Layers, section: string, name: string, option?: Option) {
  for (const layer of Object.values(layers)) {
    const given = givenIn(layer, section, name, option);
    if (given !== undefined) return given;
  }
  return undefined;
}

/** Returns the values of an option in one layer, under its name or an alias. */
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
