import { isDeepStrictEqual } from 'node:util';

import { textOf, type Json, type Props } from './json.ts';

/** Classes of resources, by the value of their `class` property. */
export type ResourceClass =
  | 'adapter'
  | 'capacity-group'
  | 'console'
  | 'cpc'
  | 'hba'
  | 'logical-partition'
  | 'network-port'
  | 'nic'
  | 'partition'
  | 'partition-link'
  | 'partition-link-endpoint'
  | 'storage-control-unit'
  | 'storage-fabric'
  | 'storage-group'
  | 'storage-path'
  | 'storage-port'
  | 'storage-site'
  | 'storage-subsystem'
  | 'storage-switch'
  | 'storage-template'
  | 'storage-volume'
  | 'virtual-function'
  | 'virtual-storage-resource'
  | 'virtual-switch';

/**
 * One resource. `props` holds what is stored; what follows from other resources (arrays of URIs, capacities in use) is computed when read.
 * @public
 */
export interface Resource {
  readonly class: ResourceClass;
  readonly uri: string;
  /** URI of the resource that this one belongs to; `null` for the console and CPCs. */
  readonly parent: string | null;
  readonly props: Props;
}

/** Who wants to know what happens to the resources. */
export interface ModelObserver {
  /** A property has another value. */
  readonly changed: (resource: Resource, name: string, before: Json | undefined, after: Json | undefined) => void;
  readonly added: (resource: Resource) => void;
  /** A resource is about to be removed, with everything that belongs to it. */
  readonly removing: (resource: Resource) => void;
}

/**
 * All resources that the HMC manages, by URI.
 * @public
 */
export class HmcModel {
  #observer: ModelObserver | undefined;
  readonly #byUri = new Map<string, Resource>();
  readonly #byParent = new Map<string, Set<Resource>>();

  /**
   * Adds a resource under its `object-uri` or `element-uri`.
   * @throws Error when the URI is taken
   */
  add(kind: ResourceClass, parent: string | null, props: Props): Resource {
    const uri = textOf(props, 'element-uri') || textOf(props, 'object-uri');
    if (this.#byUri.has(uri)) throw new Error(`two resources at ${uri}`);
    const watched = this.#watched({ ...props, class: kind, parent }, () => resource);
    const resource: Resource = { class: kind, uri, parent, props: watched };
    this.#byUri.set(uri, resource);
    this.#siblings(parent).add(resource);
    this.#observer?.added(resource);
    return resource;
  }

  /** Removes a resource with everything that belongs to it. */
  remove(resource: Resource): void {
    if (this.#byUri.get(resource.uri) === resource) this.#observer?.removing(resource);
    this.#drop(resource);
  }

  /**
   * Tells one observer of all later changes.
   * @internal
   */
  observe(observer: ModelObserver): void {
    this.#observer = observer;
  }

  #drop(resource: Resource): void {
    for (const child of this.childrenOf(resource)) this.#drop(child);
    this.#byUri.delete(resource.uri);
    this.#byParent.delete(resource.uri);
    this.#siblings(resource.parent).delete(resource);
  }

  /** The resource of this class at this URI. */
  find(kind: ResourceClass, uri: string): Resource | undefined {
    const resource = this.#byUri.get(uri);
    return resource?.class === kind ? resource : undefined;
  }

  /** The resource at this URI, whatever it is. */
  at(uri: string): Resource | undefined {
    return this.#byUri.get(uri);
  }

  /** All resources, in the order in which they were added. */
  everything(): Resource[] {
    return [...this.#byUri.values()];
  }

  /** All resources of a class, in the order in which they were added. */
  all(kind: ResourceClass): Resource[] {
    return [...this.#byUri.values()].filter((resource) => resource.class === kind);
  }

  /** What belongs directly to a resource, of one class or of all. */
  childrenOf(resource: Resource, kind?: ResourceClass): Resource[] {
    const children = [...(this.#byParent.get(resource.uri) ?? [])];
    return kind === undefined ? children : children.filter((child) => child.class === kind);
  }

  /** What a resource belongs to; undefined for the console and CPCs. */
  parentOf(resource: Resource): Resource | undefined {
    return resource.parent === null ? undefined : this.#byUri.get(resource.parent);
  }

  /** The resource of a class with this name. */
  named(kind: ResourceClass, name: string): Resource | undefined {
    return this.all(kind).find((resource) => resource.props.name === name);
  }

  /** Properties that report every assignment, whoever makes it. */
  #watched(props: Props, resource: () => Resource): Props {
    const report = (name: string, before: Json | undefined, after: Json | undefined) => {
      if (this.#observer !== undefined && !isDeepStrictEqual(before, after)) {
        this.#observer.changed(resource(), name, before, after);
      }
    };
    return new Proxy(props, {
      set: (target, name: string, value: Json) => {
        const before = target[name];
        target[name] = value;
        report(name, before, value);
        return true;
      },
      deleteProperty: (target, name: string) => {
        const before = target[name];
        Reflect.deleteProperty(target, name);
        report(name, before, undefined);
        return true;
      },
    });
  }

  #siblings(parent: string | null): Set<Resource> {
    const key = parent ?? '';
    const siblings = this.#byParent.get(key) ?? new Set<Resource>();
    this.#byParent.set(key, siblings);
    return siblings;
  }
}
