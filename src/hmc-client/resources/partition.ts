import type { Waiting } from '../../base/index.ts';
import type { Upload } from '../../http/index.ts';
import { readMany } from '../bulk.ts';
import type { AsciiConsole } from '../ascii-console.ts';
import { HmcHttpError, isHmcError } from '../errors/index.ts';
import { startJob } from '../job.ts';
import type { HmcJob } from '../job.ts';
import { refusesQuery } from '../level.ts';
import { exactly, startingWith, withQuery } from '../query.ts';
import { readOne } from '../read.ts';
import { sendOnce } from '../reconcile.ts';
import type { Found } from '../reconcile.ts';
import type { Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { changeAttachment } from './attachment.ts';
import { setCryptoConfiguration } from './crypto.ts';
import { openAsciiConsole, readOsMessages, sendOsCommand } from './partition-console.ts';
import type { MessageRange } from './partition-console.ts';
import { noContent, objectCreated } from '../wire/common.ts';
import type { CryptoConfiguration } from '../wire/crypto.ts';
import { readSome, wireNames } from '../wire/fields.ts';
import type { OsMessage } from '../wire/os-message.ts';
import {
  createPartitionBody,
  partitionFields,
  partitionListAnswer,
  summaryProperties,
  updatePartitionBody,
} from '../wire/partition.ts';
import type {
  CreatePartition,
  Partition,
  PartitionProperty,
  PartitionSummary,
  PartitionWith,
  UpdatePartition,
} from '../wire/partition.ts';

/** Selects partitions; every given condition must match. @public */
export interface PartitionFilter {
  /** Exact name. */
  readonly name?: string | undefined;
  /** Beginning of the name. */
  readonly namePrefix?: string | undefined;
  readonly status?: string | undefined;
}

/** Where a dump program is loaded from, on a machine with vHBAs. @public */
export interface DumpSource {
  readonly hbaUri: string;
  /** Sixteen lower-case hex digits, as the LUN. */
  readonly targetWwpn: string;
  readonly lun: string;
}

/** An ISO image to upload. @public */
export interface IsoImage extends Upload {
  /** A file name without directories and blanks that ends in `.iso`. */
  readonly name: string;
  /** Path of the INS file in the image. */
  readonly insFile: string;
}

/** Partitions of a CPC in DPM mode. @public */
export class PartitionResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Performs "List Partitions of a CPC". */
  async list(cpcUri: string, filter: PartitionFilter, w: Waiting): Promise<readonly PartitionSummary[]> {
    return await this.#list(cpcUri, filter, summaryProperties, undefined, w);
  }

  /**
   * Lists partitions with additional properties. The number of requests does not grow with the partitions: uses
   * `additional-properties` if the HMC supports it (2.16), else Submit Requests.
   */
  async listDetailed<P extends PartitionProperty>(
    cpcUri: string,
    filter: PartitionFilter,
    properties: readonly P[],
    w: Waiting,
  ): Promise<readonly PartitionWith<P | (typeof summaryProperties)[number]>[]> {
    const wanted = [...new Set([...summaryProperties, ...properties])];
    const extra = properties.filter((name) => !isSummary(name));
    if (extra.length === 0) return await this.#list(cpcUri, filter, wanted, undefined, w);
    const level = await this.#requester.level(`list partitions of CPC ${cpcUri}`, w);
    // Supported since API 4.1; an older HMC refuses the request. Source: zhmc-prometheus-exporter issue 823.
    if (level.isAtLeast(4, 1) && level.can('additional-properties')) {
      try {
        return await this.#list(cpcUri, filter, wanted, extra.join(','), w);
      } catch (error) {
        if (!refusesQuery(error)) throw error;
        level.cannot('additional-properties');
      }
    }
    const found = await this.list(cpcUri, filter, w);
    return await this.#addDetails(found, wanted, w);
  }

  /** Returns the partition of this name, which is unique on a CPC, or undefined. */
  async findByName(cpcUri: string, name: string, w: Waiting): Promise<PartitionSummary | undefined> {
    const found = await this.list(cpcUri, { name }, w);
    return found.find((partition) => partition.name === name);
  }

  /**
   * Performs "Create Partition". If the answer is lost, looks the partition up by name, so that it is created exactly
   * once.
   *
   * @returns the URI of the new partition, which is `stopped`
   * @throws HmcHttpError 400.8 when the name is taken; 409.5 when the CPC is not in DPM mode; 409.6, 409.1 when its
   *   status does not allow it
   * @remarks Needs the task permission "New Partition".
   */
  async create(cpcUri: string, partition: CreatePartition, w: Waiting): Promise<string> {
    const what = `create partition "${partition.name}"`;
    const call = {
      operation: 'Create Partition',
      what,
      kind: 'create',
      method: 'POST',
      uri: `${cpcUri}/partitions`,
      body: toBody(what, createPartitionBody, partition),
      answer: objectCreated,
    } as const;
    const creation = {
      what,
      send: async () => await this.#requester.call(call, w),
      find: async () => await this.#findCreated(cpcUri, partition, w),
    };
    return await sendOnce(this.#requester, creation, w);
  }

  /**
   * Performs "Get Partition Properties".
   *
   * @param properties - wire names of the properties to read (default: all that the client knows)
   */
  async get(uri: string, w: Waiting): Promise<Partition>;
  async get<P extends PartitionProperty>(uri: string, w: Waiting, properties: readonly P[]): Promise<PartitionWith<P>>;
  async get(uri: string, w: Waiting, properties?: readonly PartitionProperty[]): Promise<Partition> {
    const reading = {
      operation: 'Get Partition Properties',
      what: `get partition ${uri}`,
      uri,
      resource: 'partition',
      properties,
      answer: readSome(partitionFields, properties ?? wireNames(partitionFields)),
    };
    return { uri, ...(await readOne(this.#requester, reading, w)) };
  }

  /**
   * Performs "Update Partition Properties".
   *
   * @throws HmcHttpError 409.1 while the partition is starting or stopping, or when its status does not allow a change
   *   of the property
   */
  async update(uri: string, changes: UpdatePartition, w: Waiting): Promise<void> {
    const what = `update partition ${uri}`;
    const body = toBody(what, updatePartitionBody, changes);
    const call = { operation: 'Update Partition Properties', what, kind: 'update', method: 'POST', uri, body } as const;
    await this.#requester.call({ ...call, answer: noContent }, w);
  }

  /**
   * Performs "Delete Partition", which also deletes its vHBAs and NICs. Deleting a partition that is already gone
   * succeeds.
   *
   * @throws HmcHttpError 409.1 unless the status is stopped or reservation-error
   */
  async delete(uri: string, w: Waiting): Promise<void> {
    const what = `delete partition ${uri}`;
    const call = { operation: 'Delete Partition', what, kind: 'delete', method: 'DELETE', uri } as const;
    try {
      await this.#requester.call({ ...call, answer: noContent }, w);
    } catch (error) {
      if (!isHmcError(error, 404, 1)) throw error;
    }
  }

  /**
   * Performs "Start Partition". The status changes after the job has ended: wait for both.
   *
   * @throws HmcConnectionError with `sent` true when the answer was lost: read the status before it is sent again
   */
  async start(uri: string, w: Waiting): Promise<HmcJob> {
    return await this.#begin('Start Partition', 'start', uri, w);
  }

  /**
   * Performs "Stop Partition". The status changes after the job has ended: wait for both.
   *
   * @throws HmcHttpError 409.1 when the status is stopped or reservation-error
   * @throws HmcConnectionError with `sent` true when the answer was lost: read the status before it is sent again
   */
  async stop(uri: string, w: Waiting): Promise<HmcJob> {
    return await this.#begin('Stop Partition', 'stop', uri, w);
  }

  /**
   * Performs "List OS Messages of a Partition": reads the messages without the message broker.
   *
   * @returns no messages if the partition has no message interface now (409.332), or the SE does not support the
   *   operation
   */
  async listOsMessages(uri: string, w: Waiting): Promise<readonly OsMessage[]> {
    try {
      return await this.readOsMessages(uri, {}, w);
    } catch (error) {
      const isUnsupported = error instanceof HmcHttpError && (error.status === 404 || error.status === 405);
      if (isUnsupported || isHmcError(error, 409, 332)) return [];
      throw error;
    }
  }

  /**
   * Performs "Mount ISO Image": uploads an image, which replaces a mounted one.
   *
   * @throws HmcHttpError 409.1 while the partition is starting or stopping
   * @remarks Needs the task permission "Partition Details". Source: python-zhmcclient _partition.py.
   */
  async mountIso(uri: string, { name, insFile, ...upload }: IsoImage, w: Waiting): Promise<void> {
    const path = withQuery(`${uri}/operations/mount-iso-image`, { 'image-name': name, 'ins-file-name': insFile });
    const what = `mount image "${name}" in partition ${uri}`;
    const call = { operation: 'Mount ISO Image', what, kind: 'update', method: 'POST', uri: path, upload } as const;
    await this.#requester.call({ ...call, answer: noContent }, w);
  }

  /**
   * Performs "Unmount ISO Image". Succeeds if the partition is gone, or the HMC answers 409 with a reason other than 1, 2 and
   * 6 (status of the partition, other work, status of the CPC): then no image is mounted.
   *
   * @remarks Needs the task permission "Partition Details". Source: IBM WS API, Unmount ISO Image, 3931-LA1.
   */
  async unmountIso(uri: string, w: Waiting): Promise<void> {
    const what = `unmount the image of partition ${uri}`;
    const path = `${uri}/operations/unmount-iso-image`;
    const call = { operation: 'Unmount ISO Image', what, kind: 'update', method: 'POST', uri: path } as const;
    try {
      await this.#requester.call({ ...call, answer: noContent }, w);
    } catch (error) {
      const isDone = isHmcError(error, 404, 1) || (isHmcError(error, 409) && !isHmcError(error, 409, 1, 2, 6));
      if (!isDone) throw error;
    }
  }

  /**
   * Performs "List OS Messages of a Partition". The HMC keeps a limited amount of messages; a gap in the sequence numbers
   * shows that some were dropped or deleted.
   *
   * @throws HmcHttpError 409.332 when the partition has no message interface now, 404 when its SE is older than 2.14
   * @remarks Needs the task permission "Operating System Messages", at least view-only. Source: python-zhmcclient
   *   _partition.py, list_os_messages.
   */
  async readOsMessages(uri: string, range: MessageRange, w: Waiting): Promise<readonly OsMessage[]> {
    return await readOsMessages(this.#requester, uri, range, w);
  }

  /**
   * Performs "Send OS Command": types a line at the line-mode console of the operating system. The answer says only that
   * the line was delivered.
   *
   * @param command - 1 to 200 characters
   * @throws HmcHttpError 409.332 when no operating system listens
   * @remarks Needs the task permission "Operating System Messages". Source: IBM WS API, Send OS Command, 3932-AGL.
   */
  async sendOsCommand(uri: string, command: string, w: Waiting): Promise<void> {
    await sendOsCommand(this.#requester, uri, command, w);
  }

  /**
   * Performs "Get ASCII Console WebSocket URI" and opens the console.
   *
   * @param options.force - take the console over from another HMC. One that is open on the same HMC is never taken over
   * @throws HmcHttpError 409 when the console is open elsewhere or the partition does not run, 404 when the API of the HMC
   *   is older than 2.22
   * @remarks Needs the task permission "Integrated ASCII Console". Source: python-zhmcclient _partition.py,
   *   create_os_websocket.
   */
  async openAsciiConsole(uri: string, options: { readonly force: boolean }, w: Waiting): Promise<AsciiConsole> {
    return await openAsciiConsole(this.#requester, uri, options, w);
  }

  /**
   * Performs "Perform PSW Restart".
   *
   * @throws HmcHttpError 409.1 unless the status is active, paused or terminated
   * @remarks Needs the task permission "PSW Restart". Source: python-zhmcclient _partition.py.
   */
  async pswRestart(uri: string, w: Waiting): Promise<HmcJob> {
    return await this.#begin('Perform PSW Restart', 'psw-restart', uri, w);
  }

  /**
   * Performs "Start Dump Program", on a machine with storage groups.
   *
   * @param storageVolumeUri - a fulfilled storage volume of an attached group, with a dump program
   * @throws HmcHttpError 409.1 unless the status is active, degraded, paused or terminated
   * @remarks Needs the task permission "Dump Partition". Source: IBM WS API, Start Dump Program, 3932-AGZ.
   */
  async startDumpProgram(uri: string, storageVolumeUri: string, w: Waiting): Promise<HmcJob> {
    const body = { 'dump-program-type': 'storage', 'dump-program-info': { 'storage-volume-uri': storageVolumeUri } };
    return await this.#begin('Start Dump Program', 'start-dump-program', uri, w, body);
  }

  /**
   * Performs "Dump Partition", on a machine with vHBAs.
   *
   * @throws HmcHttpError 409.1 unless the status is active, paused or terminated
   * @remarks Needs the task permission "Dump Partition". Source: IBM WS API, Dump Partition, 3932-AGZ.
   */
  async scsiDump(uri: string, { hbaUri, targetWwpn, lun }: DumpSource, w: Waiting): Promise<HmcJob> {
    const body = {
      'dump-load-hba-uri': hbaUri,
      'dump-world-wide-port-name': targetWwpn,
      'dump-logical-unit-number': lun,
    };
    return await this.#begin('Dump Partition', 'scsi-dump', uri, w, body);
  }

  /** Performs "Attach Storage Group to Partition". Attaching a group that is already attached succeeds. */
  async attachStorageGroup(uri: string, groupUri: string, w: Waiting): Promise<void> {
    await changeAttachment(this.#requester, { verb: 'attach', partitionUri: uri, groupUri }, w);
  }

  /**
   * Performs "Detach Storage Group from Partition". Succeeds if the group is not attached, or the partition is gone.
   */
  async detachStorageGroup(uri: string, groupUri: string, w: Waiting): Promise<void> {
    await changeAttachment(this.#requester, { verb: 'detach', partitionUri: uri, groupUri }, w);
  }

  /**
   * Gives the partition this crypto configuration, by "Increase Crypto Configuration", "Change Crypto Domain
   * Configuration" and "Decrease Crypto Configuration". Sends nothing but a read if it has it already.
   *
   * @throws HmcHttpError 404.2 when an adapter does not exist; 409.111 when no domain is used
   */
  async setCryptoConfiguration(uri: string, wanted: CryptoConfiguration, w: Waiting): Promise<void> {
    await setCryptoConfiguration(this.#requester, uri, wanted, w);
  }

  async #begin(operation: string, verb: string, uri: string, w: Waiting, body?: unknown): Promise<HmcJob> {
    const origin = { operation, what: `${verb} partition ${uri}`, uri: `${uri}/operations/${verb}`, body };
    return await startJob(this.#requester, origin, w);
  }

  async #list<P extends PartitionProperty>(
    cpcUri: string,
    filter: PartitionFilter,
    properties: readonly P[],
    additional: string | undefined,
    w: Waiting,
  ): Promise<readonly PartitionWith<P>[]> {
    const { name, namePrefix, status } = filter;
    const prefix = namePrefix === undefined ? undefined : startingWith(namePrefix);
    const pattern = name === undefined ? prefix : exactly(name);
    const query = { name: pattern, status, 'additional-properties': additional };
    const call = {
      operation: 'List Partitions of a CPC',
      what: name === undefined ? `list partitions of CPC ${cpcUri}` : `find partition "${name}"`,
      kind: 'read',
      method: 'GET',
      uri: withQuery(`${cpcUri}/partitions`, query),
      answer: partitionListAnswer(properties),
    } as const;
    const { partitions } = await this.#requester.call(call, w);
    return partitions;
  }

  async #addDetails<P extends PartitionProperty>(
    found: readonly PartitionSummary[],
    properties: readonly P[],
    w: Waiting,
  ): Promise<readonly PartitionWith<P>[]> {
    const reading = {
      operation: 'Get Partition Properties',
      what: 'get partitions',
      resource: 'partition',
      properties,
      answer: readSome(partitionFields, properties),
    };
    const uris = found.map(({ uri }) => uri);
    const details = await readMany(this.#requester, uris, reading, w);
    return uris.flatMap((uri) => {
      const detail = details.get(uri);
      return detail === undefined ? [] : [{ uri, ...detail }];
    });
  }

  async #findCreated(cpcUri: string, asked: CreatePartition, w: Waiting): Promise<Found<string> | undefined> {
    const twin = await this.findByName(cpcUri, asked.name, w);
    if (twin === undefined) return undefined;
    const seen = await this.get(twin.uri, w, ['description', 'initial-memory', 'maximum-memory']);
    const matches =
      seen.description === (asked.description ?? '') &&
      seen.initialMemory === asked.initialMemory &&
      seen.maximumMemory === asked.maximumMemory;
    return { uri: twin.uri, value: twin.uri, matches };
  }
}

function isSummary(name: PartitionProperty): boolean {
  return summaryProperties.some((summary) => summary === name);
}
