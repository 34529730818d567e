import { randomUUID } from 'node:crypto';
import type { Route, SimRequest, SimResponse } from '../../server/index.ts';
import type { Identify } from '../cinder/identity.ts';
import { digest, imageView } from './images.ts';
import type { Image } from './images.ts';

/** What the handlers of Glance work on. */
export interface GlanceService {
  readonly images: readonly Image[];
  readonly identify: Identify;
  /** Keystone's root, for `WWW-Authenticate`. */
  readonly authUri: () => string;
  /** When the images were uploaded, in milliseconds since the epoch. */
  readonly since: number;
}

/** Glance's own limits. Source: glance common/config.py, limit_param_default and api_limit_max. */
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;

/** All operations of Glance v2 that are simulated: reading and downloading images. */
export function glanceRoutes(service: GlanceService): Route[] {
  const route = (path: string, operation: string, handle: (req: SimRequest) => SimResponse): Route => ({
    method: 'GET',
    path,
    operation,
    handle: (req) => authenticated(service, req, handle),
  });
  return [
    route('/v2/images', 'List Images', (req) => listImages(service, req)),
    route('/v2/images/:id', 'Show Image', (req) => showImage(service, req)),
    route('/v2/images/:id/file', 'Download Image', (req) => downloadImage(service, req)),
  ];
}

/** Returns Glance's error, which is a page. Source: webob exceptions, as glance common/wsgi.py raises them. */
export function glanceFault(status: number, text: string): SimResponse {
  const title = `${status} ${TITLES[status] ?? 'Error'}`;
  const data = `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n  ${text}<br /><br />\n\n\n\n </body>\n</html>`;
  return withRequestId({ status, raw: { contentType: 'text/html; charset=UTF-8', data } });
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Answers requests without a valid token as keystonemiddleware does. */
function authenticated(
  { identify, authUri }: GlanceService,
  req: SimRequest,
  handle: (req: SimRequest) => SimResponse,
): SimResponse {
  if (identify(req) !== undefined) return withRequestId(handle(req));
  const message = 'The request you have made requires authentication.';
  const headers = { 'www-authenticate': `Keystone uri="${authUri()}"` };
  return withRequestId({ status: 401, headers, body: { error: { code: 401, title: 'Unauthorized', message } } });
}

/** Filters by name, and cuts by `limit` and `marker`; newest first, here the last one given. */
function listImages({ images, since }: GlanceService, { query, path }: SimRequest): SimResponse {
  const name = query.get('name');
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 0) return glanceFault(400, 'limit param must be an integer');
  const listed = [...images].reverse().filter((image) => name === null || image.name === name);
  const marker = query.get('marker');
  const markedAt = marker === null ? -1 : listed.findIndex(({ id }) => id === marker);
  if (marker !== null && markedAt < 0) return glanceFault(400, 'Invalid marker. Image could not be found.');
  const page = listed.slice(markedAt + 1, markedAt + 1 + Math.min(limit, MAX_LIMIT));
  const last = page.at(-1);
  const isFull = page.length > 0 && page.length === Math.min(limit, MAX_LIMIT);
  const filter = name === null ? '' : `&name=${encodeURIComponent(name)}`;
  const body = {
    images: page.map((image) => imageView(image, since)),
    first: `${path}?limit=${limit}${filter}`,
    ...(isFull && last !== undefined && { next: `${path}?limit=${limit}&marker=${last.id}${filter}` }),
    schema: '/v2/schemas/images',
  };
  return { status: 200, body };
}

function showImage({ images, since }: GlanceService, { params }: SimRequest): SimResponse {
  const id = params.id ?? '';
  const image = images.find((each) => each.id === id);
  if (image === undefined) return glanceFault(404, `No image found with ID ${id}`);
  return { status: 200, body: imageView(image, since) };
}

/** Source: glance api/v2/image_data.py, ImageDataController.download and ResponseSerializer.download. */
function downloadImage({ images, identify }: GlanceService, req: SimRequest): SimResponse {
  const id = req.params.id ?? '';
  const image = images.find((each) => each.id === id);
  if (image === undefined) return glanceFault(404, `No image found with ID ${id}`);
  if (image.status === 'deactivated' && identify(req)?.isAdmin !== true) {
    return glanceFault(403, 'The requested image has been deactivated. Image data download is forbidden.');
  }
  const { content, status } = image;
  if (content === undefined || status === 'queued' || status === 'saving') return { status: 204 };
  const headers = { 'content-md5': digest('md5', content) };
  return { status: 200, headers, raw: { contentType: 'application/octet-stream', data: content } };
}

function withRequestId(response: SimResponse): SimResponse {
  return { ...response, headers: { 'x-openstack-request-id': `req-${randomUUID()}`, ...response.headers } };
}
