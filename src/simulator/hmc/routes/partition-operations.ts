import type { SimResponse } from '../../server/index.ts';
import { done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { readImage } from '../images/iso.ts';
import { textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { commandGuest } from '../guest.ts';
import { listMessages, requireConsole, requireListener } from '../os-console.ts';
import { answerWithJob, setStatus, startPartition, stopPartition, takeJobFault } from '../power/power.ts';
import { checkBody, hex16, requireFields, type PropertyRules } from '../rules/property-rule.ts';
import { dumpableStatuses, pswRestartableStatuses, statusOf } from '../rules/statuses.ts';
import { needSettled } from './partitions.ts';

const operations = '/api/partitions/:id/operations';

/** What is done with partitions: power, dump, images, operating system messages and console. */
export const partitionOperationRoutes: readonly HmcRoute[] = [
  { method: 'POST', path: `${operations}/start`, operation: 'Start Partition', handle: start },
  { method: 'POST', path: `${operations}/stop`, operation: 'Stop Partition', handle: stop },
  { method: 'POST', path: `${operations}/psw-restart`, operation: 'Perform PSW Restart', handle: pswRestart },
  { method: 'POST', path: `${operations}/scsi-dump`, operation: 'Dump Partition', handle: scsiDump },
  {
    method: 'POST',
    path: `${operations}/start-dump-program`,
    operation: 'Start Dump Program',
    handle: startDumpProgram,
  },
  { method: 'POST', path: `${operations}/mount-iso-image`, operation: 'Mount ISO Image', handle: mountIso },
  { method: 'POST', path: `${operations}/unmount-iso-image`, operation: 'Unmount ISO Image', handle: unmountIso },
  {
    method: 'POST',
    path: `${operations}/open-os-message-channel`,
    operation: 'Open OS Message Channel',
    handle: openOsMessageChannel,
  },
  { method: 'GET', path: `${operations}/list-os-messages`, operation: 'List OS Messages', handle: listOsMessages },
  { method: 'POST', path: `${operations}/send-os-cmd`, operation: 'Send OS Command', handle: sendOsCommand },
  {
    method: 'POST',
    path: `${operations}/get-ascii-console-websocket-uri`,
    operation: 'Get ASCII Console WebSocket URI',
    handle: getConsoleUri,
  },
];

function start(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Start Partition');
  call.noBody();
  call.needUsableCpc(partition);
  return startPartition(call, partition);
}

function stop(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Stop Partition');
  call.noBody();
  call.needUsableCpc(partition);
  return stopPartition(call, partition);
}

function needStatus(call: Call, partition: Resource, statuses: readonly string[]): void {
  call.needUsableCpc(partition);
  const status = statusOf(partition);
  if (!statuses.includes(status)) refuse('wrongStatus', `the partition is in status '${status}'`);
}

/** A job without cancellation that changes the partition's status when it ends. */
function simpleJob(call: Call, partition: Resource, finish: (context: HmcContext) => void): SimResponse {
  const { context } = call;
  const run = (): { status: number; results: null } => {
    if (context.model.at(partition.uri) === partition) finish(context);
    return { status: 204, results: null };
  };
  return answerWithJob(call, { durationMs: context.timing.jobMs, run, fault: takeJobFault(call) });
}

function pswRestart(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('PSW Restart');
  call.noBody();
  needStatus(call, partition, pswRestartableStatuses);
  return simpleJob(call, partition, () => {
    // What was loaded runs again; where nothing was, there is nothing to restart.
    if (partition.props['os-type'] !== '') setStatus(partition, 'active');
  });
}

// Fields and lengths: IBM WS API, Dump Partition, 3932-AGZ.
const scsiDumpRules: PropertyRules = {
  'dump-load-hba-uri': { type: 'string', create: 'required' },
  'dump-world-wide-port-name': { type: 'string', create: 'required', pattern: hex16 },
  'dump-logical-unit-number': { type: 'string', create: 'required', pattern: /^[0-9a-fA-F]{1,16}$/u },
  'dump-configuration-selector': { type: 'integer', create: true, min: 0, max: 30 },
  'dump-os-specific-parameters': { type: 'string', create: true, max: 256 },
  'dump-record-lba': { type: 'string', create: true, pattern: /^[0-9a-fA-F]{1,16}$/u },
};

function scsiDump(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context } = call;
  if (context.hasStorageManagement(partition)) refuse('notFound', 'the operation is not supported by this CPC');
  call.need('Dump Partition');
  const body = call.body();
  checkBody(scsiDumpRules, body, 'create');
  const hba = context.model.find('hba', textOf(body, 'dump-load-hba-uri'));
  if (hba?.parent !== partition.uri) refuse('referenceNotFound', 'the dump device is no vHBA of the partition');
  needStatus(
    call,
    partition,
    dumpableStatuses.filter((status) => status !== 'degraded'),
  );
  return simpleJob(call, partition, () => setStatus(partition, 'paused'));
}

const dumpProgramRules: PropertyRules = {
  'dump-program-type': { type: 'string', create: 'required', values: ['storage'] },
  'dump-program-info': { type: 'object', create: 'required' },
};

function startDumpProgram(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context } = call;
  if (!context.hasStorageManagement(partition)) refuse('notFound', 'the operation is not supported by this CPC');
  call.need('Dump Partition');
  const body = call.body();
  checkBody(dumpProgramRules, body, 'create');
  const info = body['dump-program-info'] as Props; // checked to be an object by the rules
  requireFields(info, ['storage-volume-uri']);
  const volume = context.model.find('storage-volume', textOf(info, 'storage-volume-uri'));
  const group = volume === undefined ? undefined : context.model.parentOf(volume);
  if (group === undefined) refuse('referenceNotFound', 'there is no such storage volume');
  // The volume is one of a group that is attached (IBM WS API, Start Dump Program, 3932-AGZ); the reason is not public.
  if (!textsOf(partition.props, 'storage-group-uris').includes(group.uri))
    refuse('contradiction', 'the storage group of the dump program is not attached to the partition');
  if (volume?.props['fulfillment-state'] !== 'complete')
    refuse('storageVolumeNotFulfilled', 'the storage volume of the dump program is not fulfilled');
  if (info.timeout !== undefined && group.props.type !== 'fc') {
    refuse('queryValueInvalid', "'timeout' is for FICON volumes");
  }
  needStatus(call, partition, dumpableStatuses);
  return simpleJob(call, partition, () => setStatus(partition, 'paused'));
}

// A new image replaces a mounted one (python-zhmcclient _partition.py, mount_iso_image).
function mountIso(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Partition Details');
  call.allowQuery('image-name', 'ins-file-name');
  const image = call.req.query.get('image-name');
  const insFile = call.req.query.get('ins-file-name');
  if (image === null || insFile === null)
    return refuse('unknownQueryParameter', 'image-name and ins-file-name are required');
  if (!/^[^\s/]+\.iso$/u.test(image))
    refuse('queryValueInvalid', 'image-name must be a file name without directories and blanks that ends in .iso');
  const { rawBody, bodyBytes } = call.req;
  if (bodyBytes === 0) refuse('bodyMissing', 'the image is missing');
  call.needUsableCpc(partition);
  needSettled(partition);
  call.context.images.set(partition.uri, readImage(rawBody, bodyBytes));
  Object.assign(partition.props, { 'boot-iso-image-name': image, 'boot-iso-ins-file': insFile });
  return done;
}

function unmountIso(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Partition Details');
  call.noBody();
  needSettled(partition);
  if (partition.props['boot-iso-image-name'] === null) refuse('isoNotMounted', 'no image is mounted');
  call.context.images.delete(partition.uri);
  Object.assign(partition.props, { 'boot-iso-image-name': null, 'boot-iso-ins-file': null });
  return done;
}

function openOsMessageChannel(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Operating System Messages');
  const body = call.optionalBody() ?? {};
  checkBody({ 'include-refresh-messages': { type: 'boolean', create: true } }, body, 'create');
  requireConsole(call.context, partition);
  const { osTopics, topic } = call.session;
  if (osTopics.has(partition.uri)) refuse('osChannelOpen', 'the channel is open in this session');
  const name = `${topic}os${osTopics.size + 1}`;
  osTopics.set(partition.uri, { name, includesRefresh: body['include-refresh-messages'] !== false });
  return ok({ 'topic-name': name });
}

function listOsMessages(call: Call): SimResponse {
  const partition = call.object('partition');
  if (call.context.levelOf(partition) < 14) refuse('notFound', 'the operation is not supported by this CPC');
  call.need('Operating System Messages');
  call.allowQuery('begin-sequence-number', 'end-sequence-number');
  const first = sequenceNumber(call, 'begin-sequence-number') ?? 0;
  const last = sequenceNumber(call, 'end-sequence-number') ?? Infinity;
  return ok({ 'os-messages': listMessages(call.context, partition, first, last) });
}

function sequenceNumber(call: Call, parameter: string): number | undefined {
  const value = call.req.query.get(parameter);
  if (value === null) return undefined;
  return /^\d+$/u.test(value) ? Number(value) : refuse('queryValueInvalid', `'${parameter}' must be a number`);
}

const commandRules: PropertyRules = {
  'is-priority': { type: 'boolean', create: true },
  'operating-system-command-text': { type: 'string', create: 'required', min: 1, max: 200 },
};

function sendOsCommand(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Operating System Messages');
  const body = call.body();
  checkBody(commandRules, body, 'create');
  requireListener(call.context, partition);
  commandGuest(call.context, partition, textOf(body, 'operating-system-command-text'));
  return done;
}

/** Statuses in which a guest has a console (inferred: python-zhmcclient's end-to-end test takes an active partition). */
const consoleStatuses: readonly string[] = ['active', 'degraded'];

function getConsoleUri(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context, session } = call;
  if (!context.hasApi(2, 22)) refuse('notFound', 'the operation is not supported by this HMC');
  call.need('Integrated ASCII Console');
  const body = call.optionalBody() ?? {};
  checkBody({ 'force-takeover': { type: 'boolean', create: true } }, body, 'create');
  needStatus(call, partition, consoleStatuses);
  const token = context.asciiConsoles.claim(partition.uri, session.id, body['force-takeover'] === true);
  return ok({ 'websocket-uri': `/api/websock/${token}/1` });
}
