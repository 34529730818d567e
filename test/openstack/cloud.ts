import { setTimeout as sleep } from 'node:timers/promises';
import { CallError } from './stack/identity.ts';
import type { Stack } from './stack/stack.ts';

/** Nova 26 (Zed) has no higher one. 2.93 rebuilds a server whose root is a volume. */
const COMPUTE_VERSION = { 'openstack-api-version': 'compute 2.93' };
const VOLUME_VERSION = { 'openstack-api-version': 'volume 3.68' };

/** How long Nova may take for one thing, on a busy machine. */
const WAIT_SECONDS = 300;

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly fault?: { readonly message: string };
  /** By network; an address has the MAC address of its port. */
  readonly addresses: Readonly<Record<string, readonly ServerAddress[]>>;
  readonly 'OS-EXT-STS:task_state': string | null;
  readonly 'OS-EXT-SRV-ATTR:host': string | null;
  readonly 'os-extended-volumes:volumes_attached': readonly { readonly id: string }[];
}

interface ServerAddress {
  readonly addr: string;
  readonly 'OS-EXT-IPS-MAC:mac_addr': string;
}

/** Network interface of a server. */
export interface ServerInterface {
  readonly port_id: string;
  readonly net_id: string;
  readonly mac_addr: string;
  readonly fixed_ips: readonly { readonly ip_address: string }[];
}

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly size: number;
}

export interface Attachment {
  readonly id: string;
  readonly status: string;
  readonly volume_id: string;
  readonly instance: string | null;
}

export interface NewServer {
  readonly name: string;
  readonly flavor: string;
  /** Its host, and any host that Nova may move it to: each host is an availability zone of its own. */
  readonly host?: string | undefined;
  /** Its first host. Nova may move it to any other. */
  readonly firstHost?: string;
  readonly volume?: string;
  /** Cinder makes the root volume of this image; it is deleted with the server. */
  readonly image?: string;
  /** True: the flat network; otherwise the id of a network. */
  readonly network?: boolean | string;
}

/** Nova, Cinder and Glance as a user of them: requests, and waiting for their results. */
export class Cloud {
  readonly #stack: Stack;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  async createFlavor(name: string, ram: number, vcpus: number, extraSpecs?: object): Promise<string> {
    const flavor = { id: name, name, ram, vcpus, disk: 0 };
    await this.#nova('POST', '/flavors', { flavor });
    if (extraSpecs !== undefined)
      await this.#nova('POST', `/flavors/${name}/os-extra_specs`, { extra_specs: extraSpecs });
    return name;
  }

  /** @returns the id of the image */
  async createImage(name: string, format: 'raw' | 'iso', content: Buffer): Promise<string> {
    const { glance } = this.#stack.urls;
    // Nova rescues a server that boots from a volume only with these properties. Source: nova compute/api.py, rescue.
    const rescue = format === 'iso' ? { hw_rescue_bus: 'scsi', hw_rescue_device: 'cdrom' } : {};
    const body = { name, disk_format: format, container_format: 'bare', visibility: 'public', ...rescue };
    const { id } = await this.#stack.admin.call<{ id: string }>('POST', `${glance}/v2/images`, body);
    const type = { 'content-type': 'application/octet-stream' };
    await this.#stack.admin.call('PUT', `${glance}/v2/images/${id}/file`, content, type);
    return id;
  }

  /** Makes a volume, of an image or empty, and waits until it is available. @returns its id */
  async createVolume(name: string, image?: string): Promise<string> {
    const volume = { name, size: 1, ...(image === undefined ? {} : { imageRef: image }) };
    const { id } = (await this.#cinder<{ volume: Volume }>('POST', '/volumes', { volume })).volume;
    await this.untilVolume(id, 'available');
    return id;
  }

  async deleteVolume(id: string): Promise<void> {
    await this.#cinder('DELETE', `/volumes/${id}`);
    await until(`volume ${id} is gone`, async () => !(await this.volumes()).some((each) => each.id === id));
  }

  async extendVolume(id: string, size: number): Promise<void> {
    await this.#cinder('POST', `/volumes/${id}/action`, { 'os-extend': { new_size: size } });
  }

  async volumes(): Promise<Volume[]> {
    return (await this.#cinder<{ volumes: Volume[] }>('GET', '/volumes/detail?all_tenants=1')).volumes;
  }

  async attachments(): Promise<Attachment[]> {
    return (await this.#cinder<{ attachments: Attachment[] }>('GET', '/attachments?all_tenants=1')).attachments;
  }

  /** As an administrator does after a failure. */
  async deleteAttachment(id: string): Promise<void> {
    await this.#cinder('DELETE', `/attachments/${id}`);
  }

  async untilVolume(id: string, status: string): Promise<void> {
    await until(`volume ${id} is ${status}`, async () => {
      const found = (await this.volumes()).find((each) => each.id === id);
      if (found?.status.startsWith('error') === true && found.status !== status) {
        throw new EndedError(`volume ${id} is ${found.status}, expected ${status}`);
      }
      return found?.status === status;
    });
  }

  /** Starts to create a server. @returns its id */
  async createServer({ name, flavor, host, firstHost, volume, image, network = false }: NewServer): Promise<string> {
    const root =
      image === undefined
        ? { source_type: 'volume', uuid: volume, delete_on_termination: false }
        : { source_type: 'image', uuid: image, volume_size: 1, delete_on_termination: true };
    const server = {
      name,
      flavorRef: flavor,
      ...(host === undefined ? {} : { availability_zone: host }),
      ...(firstHost === undefined ? {} : { host: firstHost }),
      networks: this.#networksOf(network),
      block_device_mapping_v2: [{ ...root, destination_type: 'volume', boot_index: 0 }],
    };
    return (await this.#nova<{ server: Server }>('POST', '/servers', { server })).server.id;
  }

  #networksOf(network: boolean | string) {
    if (network === false) return 'none';
    return [{ uuid: network === true ? this.#stack.neutron.networkId : network }];
  }

  async server(id: string): Promise<Server | undefined> {
    try {
      return (await this.#nova<{ server: Server }>('GET', `/servers/${id}`)).server;
    } catch (error) {
      if (error instanceof CallError && error.status === 404) return undefined;
      throw error;
    }
  }

  async servers(): Promise<Server[]> {
    return (await this.#nova<{ servers: Server[] }>('GET', '/servers/detail?all_tenants=1&limit=1000')).servers;
  }

  async action(id: string, name: string, parameters: object | null = null): Promise<void> {
    await this.#nova('POST', `/servers/${id}/action`, { [name]: parameters });
  }

  async consoleLog(id: string): Promise<string> {
    const body = { 'os-getConsoleOutput': { length: null } };
    return (await this.#nova<{ output: string }>('POST', `/servers/${id}/action`, body)).output;
  }

  async attachVolume(id: string, volumeId: string): Promise<void> {
    await this.#nova('POST', `/servers/${id}/os-volume_attachments`, { volumeAttachment: { volumeId } });
  }

  async detachVolume(id: string, volumeId: string): Promise<void> {
    await this.#nova('DELETE', `/servers/${id}/os-volume_attachments/${volumeId}`);
  }

  async interfaces(id: string): Promise<readonly ServerInterface[]> {
    const path = `/servers/${id}/os-interface`;
    return (await this.#nova<{ interfaceAttachments: ServerInterface[] }>('GET', path)).interfaceAttachments;
  }

  async attachInterface(id: string, network: string): Promise<ServerInterface> {
    const interfaceAttachment = { net_id: network };
    const path = `/servers/${id}/os-interface`;
    const made = await this.#nova<{ interfaceAttachment: ServerInterface }>('POST', path, { interfaceAttachment });
    return made.interfaceAttachment;
  }

  async detachInterface(id: string, port: string): Promise<void> {
    await this.#nova('DELETE', `/servers/${id}/os-interface/${port}`);
  }

  async deleteServer(id: string): Promise<void> {
    await this.#nova('DELETE', `/servers/${id}`);
  }

  async untilGone(id: string): Promise<void> {
    await until(`server ${id} is gone`, async () => {
      const server = await this.server(id);
      // A server that was in ERROR before has a task until it is gone.
      if (server?.status === 'ERROR' && server['OS-EXT-STS:task_state'] === null)
        throw new EndedError(`server is ERROR: ${server.fault?.message ?? ''}`);
      return server === undefined;
    });
  }

  /** Waits until a server has the status and Nova works on it no more. */
  async untilServer(id: string, status: string): Promise<Server> {
    let last: Server | undefined;
    await until(
      `server ${id} is ${status}`,
      async () => {
        last = await this.server(id);
        const isIdle = last?.['OS-EXT-STS:task_state'] === null;
        if (isIdle && last?.status === 'ERROR' && status !== 'ERROR') {
          throw new EndedError(`server is ERROR, expected ${status}: ${last.fault?.message ?? ''}`);
        }
        return isIdle && last?.status === status;
      },
      () => `${last?.status ?? 'no server'}, task ${last?.['OS-EXT-STS:task_state'] ?? 'none'}`,
    );
    if (last === undefined) throw new Error(`there is no server ${id}`);
    return last;
  }

  /** Waits until Nova has ended an action of this name. */
  async untilAction(id: string, name: string): Promise<void> {
    interface Action {
      readonly request_id: string;
      readonly action: string;
    }
    interface Detail {
      readonly events: readonly { readonly finish_time: string | null }[];
    }
    await until(`Nova has done ${name}`, async () => {
      const path = `/servers/${id}/os-instance-actions`;
      const { instanceActions } = await this.#nova<{ instanceActions: Action[] }>('GET', path);
      const found = instanceActions.find(({ action }) => action === name);
      if (found === undefined) return false;
      const { instanceAction } = await this.#nova<{ instanceAction: Detail }>('GET', `${path}/${found.request_id}`);
      return instanceAction.events.length > 0 && instanceAction.events.every((event) => event.finish_time !== null);
    });
  }

  /** Makes an availability zone of each host. */
  async makeZones(hosts: readonly string[]): Promise<void> {
    for (const host of hosts) {
      const aggregate = { name: host, availability_zone: host };
      const made = await this.#nova<{ aggregate: { id: number } }>('POST', '/os-aggregates', { aggregate });
      await this.#nova('POST', `/os-aggregates/${made.aggregate.id}/action`, { add_host: { host } });
    }
  }

  async setComputeService(host: string, change: object): Promise<void> {
    interface Service {
      readonly id: string;
      readonly host: string;
    }
    const { services } = await this.#nova<{ services: Service[] }>('GET', '/os-services?binary=nova-compute');
    const id = services.find((each) => each.host === host)?.id ?? '';
    await this.#nova('PUT', `/os-services/${id}`, change);
  }

  async #nova<T>(method: string, path: string, body?: object): Promise<T> {
    return await this.#stack.admin.call<T>(method, `${this.#stack.urls.nova}${path}`, body, COMPUTE_VERSION);
  }

  async #cinder<T>(method: string, path: string, body?: object): Promise<T> {
    return await this.#stack.admin.call<T>(method, `${this.#stack.urls.cinder}${path}`, body, VOLUME_VERSION);
  }
}

/** What is waited for can no longer happen. */
class EndedError extends Error {
  override readonly name = 'EndedError';
}

/** Repeats a question until the answer is yes. @throws Error after {@link WAIT_SECONDS} */
export async function until(
  what: string,
  isTrue: () => Promise<boolean>,
  tell: () => string = () => '',
  seconds = WAIT_SECONDS,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not after ${seconds} s: ${what} ${tell()}`);
    await sleep(500);
  }
}
