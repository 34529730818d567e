import { z } from 'zod';
import { FaultEngine, RequestLog, SimServer, type Route, type SimRequest, type SimResponse } from '../server/index.ts';
import { SanError, type SimulatedSan } from './types.ts';

/**
 * The boot record that zipl writes at the start of a SCSI disk begins with these bytes. A machine loads no disk without
 * them. Source: s390-tools, zipl/include/boot.h and zipl/src/bootmap.c (ZIPL_MAGIC).
 */
const BOOT_RECORD = Buffer.from('zIPL');

/** The control API of a SAN, as a volume driver of a real Cinder uses it. */
export interface SanControl extends AsyncDisposable {
  /** Scheme, host and port. */
  readonly url: string;
}

/** What the control API shares with the other servers of a simulator. */
export interface SanControlOptions {
  readonly san: SimulatedSan;
  readonly faults?: FaultEngine;
  readonly log?: RequestLog;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  readonly onServed?: (() => void) | undefined;
}

/**
 * Serves the control API of a SAN on loopback, over plain HTTP and without a password: for tests.
 *
 * @throws Error when the port is taken
 */
export async function startSanControl({ san, faults, log, port, onServed }: SanControlOptions): Promise<SanControl> {
  const server = await SimServer.start({
    name: 'san',
    routes: sanRoutes(san),
    noRoute: ({ method, path }) => refusal(404, `there is no ${method} ${path}`),
    shapeError: (status, _reason, message) => refusal(status, message),
    faults: faults ?? new FaultEngine(),
    log: log ?? new RequestLog(),
    port,
    onServed,
  });
  return { url: server.url, [Symbol.asyncDispose]: async () => await server.close() };
}

const sizeGib = z.int().min(1);
const text = z.string().min(1);

const createSchema = z.strictObject({ id: text, size_gib: sizeGib, source: text.optional() });
const extendSchema = z.strictObject({ size_gib: sizeGib });
const mapSchema = z.strictObject({ host: text, initiators: z.array(text).min(1) });
const unmapSchema = z.strictObject({ initiators: z.array(text).nullable() });

/** The operations, under the names that fault rules for `san` use. */
function sanRoutes(san: SimulatedSan): Route[] {
  const route = (method: string, path: string, operation: string, handle: (req: SimRequest) => SimResponse): Route => ({
    method,
    path,
    operation,
    handle: (req) => answered(req, handle),
  });
  return [
    route('GET', '/v1/volumes/:id', 'Show Volume', ({ params }) => ok(volumeView(san, idOf(params)))),
    route('POST', '/v1/volumes', 'Create Volume', ({ body }) => createVolume(san, createSchema.parse(body))),
    route('PATCH', '/v1/volumes/:id', 'Extend Volume', ({ params, body }) => {
      known(san, idOf(params));
      san.updateVolume(idOf(params), { sizeGib: extendSchema.parse(body).size_gib });
      return ok(volumeView(san, idOf(params)));
    }),
    route('PUT', '/v1/volumes/:id/content', 'Write Volume', ({ params, rawBody }) => {
      known(san, idOf(params));
      const bootable = rawBody.subarray(0, BOOT_RECORD.length).equals(BOOT_RECORD);
      san.updateVolume(idOf(params), { bootable, programs: undefined });
      return ok(volumeView(san, idOf(params)));
    }),
    route('DELETE', '/v1/volumes/:id', 'Delete Volume', ({ params }) => deleteVolume(san, idOf(params))),
    route('POST', '/v1/volumes/:id/map', 'Map Volume', ({ params, body }) =>
      mapVolume(san, idOf(params), mapSchema.parse(body)),
    ),
    route('POST', '/v1/volumes/:id/unmap', 'Unmap Volume', ({ params, body }) => {
      known(san, idOf(params));
      const { initiators } = unmapSchema.parse(body);
      const map = san.unmapVolume(idOf(params), initiators ?? undefined);
      san.removeZones(map);
      return ok({ initiator_target_map: map });
    }),
    route('GET', '/v1/state', 'Show State', () => ok(san.snapshot())),
  ];
}

function createVolume(san: SimulatedSan, wanted: z.infer<typeof createSchema>): SimResponse {
  const source = wanted.source === undefined ? undefined : known(san, wanted.source);
  const { id, size_gib: size } = wanted;
  san.createVolume({ id, sizeGib: size, bootable: source?.bootable ?? false });
  return { status: 201, body: volumeView(san, id) };
}

/** A volume that a host can still see is not deleted, as on most arrays. */
function deleteVolume(san: SimulatedSan, id: string): SimResponse {
  known(san, id);
  const masks = san.snapshot().arrays.flatMap((array) => array.masks.filter(({ volumeId }) => volumeId === id));
  if (masks.length > 0) {
    throw new SanError(`Volume ${id} is masked to ${masks.map(({ host }) => host).join(', ')}`);
  }
  san.deleteVolume(id);
  return { status: 204 };
}

/** Masks the volume to the initiators and zones them, as Cinder's zone manager does after the driver. */
function mapVolume(san: SimulatedSan, id: string, { host, initiators }: z.infer<typeof mapSchema>): SimResponse {
  known(san, id);
  const [shown] = san.mapVolume({ volumeId: id, host, initiators, lunForm: 'peripheral' });
  if (shown === undefined) throw new SanError('There is no array');
  const map = san.mapInitiators(initiators, shown.ports);
  san.addZones(map);
  return ok({ lun: shown.lun, targets: shown.ports, initiator_target_map: map });
}

function volumeView(san: SimulatedSan, id: string) {
  const { sizeGib: size, bootable, uuid } = known(san, id);
  return { id, size_gib: size, bootable, uuid };
}

class NoVolume extends Error {}

function known(san: SimulatedSan, id: string) {
  const volume = san.findVolume(id);
  if (volume === undefined) throw new NoVolume(`No volume ${id}`);
  return volume;
}

function idOf({ id }: SimRequest['params']): string {
  return id ?? '';
}

/** Turns the errors of a handler into answers, and acts out the fault `backend-error`. */
function answered(req: SimRequest, handle: (req: SimRequest) => SimResponse): SimResponse {
  const { fault } = req;
  if (fault?.kind.type === 'backend-error') {
    fault.take();
    if (fault.kind.effect === 'done') handle(req);
    return refusal(500, 'array refused');
  }
  try {
    return handle(req);
  } catch (error) {
    if (error instanceof NoVolume) return refusal(404, error.message);
    if (error instanceof SanError) return refusal(409, error.message);
    if (error instanceof z.ZodError) return refusal(400, z.prettifyError(error));
    throw error;
  }
}

function ok(body: unknown): SimResponse {
  return { status: 200, body };
}

function refusal(status: number, message: string): SimResponse {
  return { status, body: { error: message } };
}
