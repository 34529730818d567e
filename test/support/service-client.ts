import { randomUUID } from 'node:crypto';
import { request as ask } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { silentLogger } from '../../src/base/index.ts';
import type { Connector } from '../../src/cinder-client/index.ts';
import { openBackend, startService } from '../../src/serve/index.ts';
import type { Backend, Service } from '../../src/serve/index.ts';
import type { BlockDeviceInfo, ComputeDriver, Instance, NetworkInfo, VirtualInterface } from '../../src/virt/index.ts';
import { quickCinder, quickPolicies } from './quick-policies.ts';
import type { World } from './world.ts';

/** The answer of a service. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    readonly result?: unknown;
    readonly error?: { readonly code: string; readonly message: string; readonly nova_exception?: string };
  } & Readonly<Record<string, unknown>>;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it is. */
  readonly body?: unknown;
}

/** Sends a request over the Unix socket of a service. */
export async function send(
  socketPath: string,
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return await new Promise<Answer>((resolve, reject) => {
    const sent = ask({ socketPath, path, method, headers: { ...type, ...headers } }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (more: string) => (answer += more));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: JSON.parse(answer) as Answer['body'],
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : text);
  });
}

/** Calls a method of the driver, each time with a new idempotency key. */
export async function call(socketPath: string, method: string, body: object, headers = {}): Promise<Answer> {
  const key = { 'idempotency-key': randomUUID() };
  return await send(socketPath, `/v1/driver/${method}`, { method: 'POST', headers: { ...key, ...headers }, body });
}

/** A service on a socket in the state directory of a world. */
export interface ServedWorld extends AsyncDisposable {
  readonly socket: string;
  readonly service: Service;
  /** What the service has opened. */
  readonly backend: () => Backend;
}

/** Starts a service. @param wrapDriver - wraps its driver */
export async function serveWorld(
  world: World,
  options: { readonly wrapDriver?: (driver: ComputeDriver) => ComputeDriver; readonly graceMs?: number } = {},
): Promise<ServedWorld> {
  const socket = `${world.statePath}/serve.sock`;
  const common = { policies: quickPolicies!, cinder: quickCinder, baseDir: world.statePath, log: silentLogger };
  const of = { purpose: 'dpm serve', pid: process.pid, requestId: 'req-serve', pathsOf: noPaths };
  let backend: Backend | undefined;
  const open = async (settings: World['settings'], signal: AbortSignal): Promise<Backend> => {
    backend = await openBackend(settings, { ...common, ...of, wrapDriver: options.wrapDriver }, signal);
    return backend;
  };
  const service = await startService({
    settings: world.settings,
    listens: [{ kind: 'socket', path: socket }],
    open,
    log: silentLogger,
    describe: (error) => ({
      code: (error as { code?: string }).code ?? 'INTERNAL',
      message: (error as Error).message,
      left_behind: [],
      advice: null,
    }),
    release: '0',
    graceMs: options.graceMs,
  });
  await service.ready;
  return {
    socket,
    service,
    backend: () => backend!,
    [Symbol.asyncDispose]: async () => await service[Symbol.asyncDispose](),
  };
}

const noPaths = async () => ({
  host: 'compute1',
  paths: async () => [],
  searchPaths: async () => [],
  orphans: async () => [],
  [Symbol.dispose]: () => undefined,
});

function toWire({ uuid, name, host, flavor }: Instance): object {
  return {
    uuid,
    name,
    host,
    flavor: { vcpus: flavor.vcpus, memory_mb: flavor.memoryMb, extra_specs: flavor.extraSpecs ?? {} },
  };
}

function infoToWire(info: BlockDeviceInfo | null | undefined): object | null {
  if (info === null || info === undefined) return null;
  return {
    root_device_name: info.rootDeviceName,
    block_device_mapping: info.blockDeviceMapping.map((device) => ({
      volume_id: device.volumeId,
      volume_size: device.sizeGib,
      boot_index: device.bootIndex,
      mount_device: device.mountDevice,
      attachment_id: device.attachmentId,
      delete_on_termination: device.deleteOnTermination,
      connection_info: device.connectionInfo ?? null,
    })),
  };
}

function vifToWire({ vnicType, preserveOnDelete, ...vif }: VirtualInterface): object {
  return { ...vif, vnic_type: vnicType, preserve_on_delete: preserveOnDelete };
}

function networkToWire(info: NetworkInfo | null | undefined): object | null {
  return info?.map(vifToWire) ?? null;
}

/** The driver on the other side of a socket, as the bridge in nova-compute uses it: only what the tests call. */
export function remoteDriver(socket: string): ComputeDriver {
  const ask = async (method: string, body: object): Promise<unknown> => {
    const { status, body: answer } = await call(socket, method, body);
    if (status === 200) return answer.result;
    throw new Error(
      `${method}: ${status} ${answer.error?.code} ${answer.error?.message} (${answer.error?.nova_exception})`,
    );
  };
  const driver = {
    initHost: async (host: string) => await ask('init_host', { host }),
    cleanupHost: async () => undefined,
    prepareForSpawn: async (of: Instance) => await ask('prepare_for_spawn', { instance: toWire(of) }),
    failedSpawnCleanup: async (of: Instance) => await ask('failed_spawn_cleanup', { instance: toWire(of) }),
    getVolumeConnector: async (of: Instance) =>
      (await ask('get_volume_connector', { instance: toWire(of) })) as Connector,
    spawn: async (...[, of, , , , , network, info, powerOn = true]: Parameters<ComputeDriver['spawn']>) =>
      await ask('spawn', {
        instance: toWire(of),
        network_info: networkToWire(network),
        block_device_info: infoToWire(info),
        power_on: powerOn,
      }),
    destroy: async (...[, of, network, info]: Parameters<ComputeDriver['destroy']>) =>
      await ask('destroy', {
        instance: toWire(of),
        network_info: networkToWire(network),
        block_device_info: infoToWire(info),
      }),
    attachVolume: async (...[, connection, of, mountpoint]: Parameters<ComputeDriver['attachVolume']>) =>
      await ask('attach_volume', { instance: toWire(of), connection_info: connection, mountpoint }),
    detachVolume: async (...[, connection, of, mountpoint]: Parameters<ComputeDriver['detachVolume']>) =>
      await ask('detach_volume', { instance: toWire(of), connection_info: connection, mountpoint }),
    powerOff: async (of: Instance, timeout = 0, interval = 0) =>
      await ask('power_off', { instance: toWire(of), timeout, retry_interval: interval }),
    powerOn: async (...[, of, network, info]: Parameters<ComputeDriver['powerOn']>) =>
      await ask('power_on', {
        instance: toWire(of),
        network_info: networkToWire(network),
        block_device_info: infoToWire(info),
      }),
    reboot: async (...[, of, network, type, info]: Parameters<ComputeDriver['reboot']>) =>
      await ask('reboot', {
        instance: toWire(of),
        network_info: networkToWire(network),
        reboot_type: type,
        block_device_info: infoToWire(info),
      }),
    getInfo: async (of: Instance, useCache = true) =>
      await ask('get_info', { instance: toWire(of), use_cache: useCache }),
    listInstanceUuids: async () => await ask('list_instance_uuids', {}),
    attachInterface: async (...[, of, , vif]: Parameters<ComputeDriver['attachInterface']>) =>
      await ask('attach_interface', { instance: toWire(of), vif: vifToWire(vif) }),
    detachInterface: async (...[, of, vif]: Parameters<ComputeDriver['detachInterface']>) =>
      await ask('detach_interface', { instance: toWire(of), vif: vifToWire(vif) }),
  };
  return driver as unknown as ComputeDriver; // the others are not called
}
