import { describeError } from '../base/index.ts';
import type { PowerState, RequestContext } from '../virt/index.ts';
import type { InstanceRecord } from './instances.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerServices } from './services.ts';
import { detailServer, hypervisorView, partitionView, summarizeServer } from './views.ts';
import type { HypervisorView, PartitionView, ServerDetail, ServerSummary } from './views.ts';

/** What the manager shows: its own records beside what the driver sees. Changes nothing. */
export class ServerViews {
  readonly #services: ManagerServices;

  constructor(services: ManagerServices) {
    this.#services = services;
  }

  async list(context: RequestContext): Promise<readonly ServerSummary[]> {
    const powerStates = await this.#services.driver.listPowerStates(context);
    return this.#services.store.list().map((instance) => this.#summarize(instance, powerStates.get(instance.uuid)));
  }

  async show(instance: InstanceRecord, context: RequestContext): Promise<ServerDetail> {
    const { store, driver } = this.#services;
    const devices = store.devices(instance.uuid);
    const guest = toDriverInstance(instance);
    const info = toBlockDeviceInfo(devices);
    const seen = await driver.getInstanceDiagnostics(context, guest, info);
    const summary = this.#summarize(instance, seen?.powerState);
    const shown = detailServer(instance, devices, seen, summary);
    if (seen !== undefined) return seen.doubt === undefined ? shown : { ...shown, partition_doubt: seen.doubt };
    const location = await driver.locateGuest?.(context, guest, info);
    return location?.kind === 'in-doubt' ? { ...shown, partition_doubt: location.error.message } : shown;
  }

  /** After an operation that is done: a picture with holes, rather than an error that would say it is not. */
  async showDone(instance: InstanceRecord, context: RequestContext): Promise<ServerDetail> {
    try {
      return await this.show(instance, context);
    } catch (error) {
      this.#services.log.warn(
        { event: 'server.show', server: instance.uuid, error: describeError(error) },
        'details not known',
      );
      const devices = this.#services.store.devices(instance.uuid);
      return detailServer(instance, devices, undefined, this.#summarize(instance, instance.powerState));
    }
  }

  async hypervisor(context: RequestContext): Promise<HypervisorView> {
    return hypervisorView(await this.#services.driver.getAvailableResource(this.#services.host, context));
  }

  async partitions(options: { readonly all: boolean }, context: RequestContext): Promise<readonly PartitionView[]> {
    const guests = await this.#services.driver.listGuests(context, { ...options, parked: true });
    return guests.map(partitionView);
  }

  #summarize(instance: InstanceRecord, powerState: PowerState | undefined): ServerSummary {
    return summarizeServer(instance, this.#services.driver.guestName(instance), powerState);
  }
}
