import type { Route, SimResponse } from '../../server/index.ts';
import { Attachments } from './attachments.ts';
import { volumeAction } from './actions.ts';
import { VOLUME_ACTION } from './action-names.ts';
import { Inventory } from './inventory.ts';
import { listMessages } from './messages.ts';
import type { Microversion } from './microversion.ts';
import { withRequestId, type ApiHandler, type Pipeline } from './pipeline.ts';
import type { CinderService } from './service.ts';
import { Volumes } from './volumes.ts';

const ALWAYS: Microversion = 0;
const MESSAGES: Microversion = 3;
const ATTACHMENTS: Microversion = 27;
const COMPLETE: Microversion = 44;

/** All operations of Cinder v3 that are simulated; each with and without the project in its path. */
export function cinderRoutes(service: CinderService, pipeline: Pipeline): Route[] {
  const resource = (since: Microversion, rows: readonly Row[]): Route[] =>
    rows.flatMap(([method, path, operation, handler]) =>
      ['/v3', '/v3/:project'].map((prefix) => ({
        method,
        path: prefix + path,
        operation,
        handle: (req) => pipeline.serve(req, since, handler),
      })),
    );
  return [
    ...documents(service, pipeline),
    ...resource(ALWAYS, volumeRows(service)),
    ...resource(ATTACHMENTS, attachmentRows(service)),
    ...resource(COMPLETE, [completeRow(service)]),
    ...resource(ALWAYS, inventoryRows(service)),
    ...resource(MESSAGES, [['GET', '/messages', 'List Messages', (api) => listMessages(api, service)]]),
  ];
}

type Row = readonly [method: string, path: string, operation: string, handler: ApiHandler];

function volumeRows(service: CinderService): Row[] {
  const volumes = new Volumes(service);
  return [
    ['POST', '/volumes', 'Create Volume', (api) => volumes.create(api)],
    ['GET', '/volumes', 'List Volumes', (api) => volumes.list(api)],
    ['GET', '/volumes/detail', 'List Volumes', (api) => volumes.listDetail(api)],
    ['GET', '/volumes/:id', 'Show Volume', (api) => volumes.show(api)],
    ['PUT', '/volumes/:id', 'Update Volume', (api) => volumes.update(api)],
    ['DELETE', '/volumes/:id', 'Delete Volume', (api) => volumes.delete(api)],
    ['GET', '/volumes/:id/metadata', 'Show Volume Metadata', (api) => volumes.showMetadata(api)],
    ['POST', '/volumes/:id/metadata', 'Create Volume Metadata', (api) => volumes.createMetadata(api)],
    ['POST', '/volumes/:id/action', VOLUME_ACTION, (api) => volumeAction(service, api)],
  ];
}

function attachmentRows(service: CinderService): Row[] {
  const attachments = new Attachments(service);
  return [
    ['POST', '/attachments', 'Create Attachment', (api) => attachments.create(api)],
    ['GET', '/attachments', 'List Attachments', (api) => attachments.list(api)],
    ['GET', '/attachments/detail', 'List Attachments', (api) => attachments.listDetail(api)],
    ['GET', '/attachments/:id', 'Show Attachment', (api) => attachments.show(api)],
    ['PUT', '/attachments/:id', 'Update Attachment', (api) => attachments.update(api)],
    ['DELETE', '/attachments/:id', 'Delete Attachment', (api) => attachments.delete(api)],
  ];
}

function completeRow(service: CinderService): Row {
  const attachments = new Attachments(service);
  return ['POST', '/attachments/:id/action', 'Complete Attachment', (api) => attachments.complete(api)];
}

function inventoryRows(service: CinderService): Row[] {
  const inventory = new Inventory(service);
  return [
    ['GET', '/limits', 'Show Limits', (api) => inventory.limits(api)],
    ['GET', '/types', 'List Volume Types', () => inventory.listTypes()],
    ['POST', '/types', 'Create Volume Type', (api) => inventory.createType(api)],
    ['GET', '/types/:id', 'Show Volume Type', (api) => inventory.showType(api)],
    ['GET', '/os-availability-zone', 'List Availability Zones', () => inventory.listZones()],
    ['GET', '/os-services', 'List Services', (api) => inventory.listServices(api)],
  ];
}

function documents(service: CinderService, pipeline: Pipeline): Route[] {
  const route = (path: string, operation: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path,
    operation,
    handle,
  });
  const versions = (baseUrl: string): object => ({ versions: [versionDocument(service, baseUrl)] });
  const originOf = (host: string | undefined): string => pipeline.originOf(host);
  return [
    route('/', 'List Versions', (req) =>
      pipeline.serveDocument(req, true, () => ({ status: 300, body: versions(originOf(req.headers.host)) })),
    ),
    route('/v3/', 'Show Version', (req) =>
      pipeline.serveDocument(req, false, () => ({ status: 200, body: versions(originOf(req.headers.host)) })),
    ),
    // Without the slash the path router sends the client on, before any authentication.
    route('/v3', 'Show Version', (req) => withRequestId(redirect(`${originOf(req.headers.host)}/v3/`))),
  ];
}

function redirect(location: string): SimResponse {
  return { status: 302, headers: { location, 'content-type': 'text/plain; charset=utf8' } };
}

function versionDocument({ maximum }: CinderService, baseUrl: string): object {
  return {
    id: 'v3.0',
    status: 'CURRENT',
    version: `3.${maximum}`,
    min_version: '3.0',
    updated: '2022-08-31T00:00:00Z',
    links: [
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
      { rel: 'self', href: `${baseUrl}/v3/` },
    ],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
  };
}
