import { ConfigError } from '../base/index.ts';
import type { CatalogService } from './wire/keystone.ts';

/** The endpoint to find in a catalog. */
export interface EndpointWish {
  readonly type: string;
  /** Empty for any name. */
  readonly name: string;
  /** In order of preference; `public`, `internal`, `admin`. */
  readonly interfaces: readonly string[];
  readonly region: string | undefined;
}

/** Service types of Cinder in catalogs, newest first. Source: service-types-authority. */
const aliases: readonly string[] = ['block-storage', 'volumev3', 'block-store', 'volume'];

/** Reads `type:name:interface`, as in Nova's `[cinder] catalog_info`. @throws ConfigError */
export function readCatalogInfo(catalogInfo: string, region?: string, interfaces?: string): EndpointWish {
  const [type = '', name, ownInterface, ...rest] = catalogInfo.split(':');
  if (type === '' || name === undefined || ownInterface === undefined || rest.length > 0) {
    throw new ConfigError(
      `catalog_info "${catalogInfo}" is not of the form type:name:interface, as in volumev3::publicURL`,
    );
  }
  return { type, name, interfaces: readInterfaces(interfaces ?? ownInterface), region };
}

const knownInterfaces: ReadonlySet<string> = new Set(['public', 'internal', 'admin']);

function readInterfaces(text: string): string[] {
  const names = text.split(',').map((name) => name.trim().replace(/URL$/i, '').toLowerCase());
  const unknown = names.find((name) => !knownInterfaces.has(name));
  if (unknown === undefined) return names;
  throw new ConfigError(`interface "${unknown}" is not known (expected public, internal or admin)`);
}

/** Returns the URL of the endpoint. @throws ConfigError that lists the endpoints of the catalog */
export function findEndpoint(
  catalog: readonly CatalogService[],
  wish: EndpointWish,
  isUsable: (url: string) => boolean = speaksV3,
): string {
  const types = new Set([wish.type, ...(aliases.includes(wish.type) ? aliases : [])]);
  const services = [...types].flatMap((type) => catalog.filter((service) => service.type === type));
  const named = services.filter((service) => wish.name === '' || service.name === wish.name);
  const endpoints = named.flatMap((service) => service.endpoints).filter(({ url }) => isUsable(url));
  const regional = endpoints.filter(
    (endpoint) => wish.region === undefined || [endpoint.region_id, endpoint.region].includes(wish.region),
  );
  for (const wanted of wish.interfaces) {
    const found = regional.find((endpoint) => endpoint.interface === wanted);
    if (found !== undefined) return found.url;
  }
  throw new ConfigError(`${describeWish(wish)} is not in the catalog, which has ${describeCatalog(catalog)}`, {
    catalog: catalog.map((service) => service.type),
  });
}

/** Returns whether a URL is not of v1 or v2: `volume` was the type of v1, and some catalogs still have v2. */
function speaksV3(url: string): boolean {
  return !/\/v[12](?:\.\d+)?(?:\/|$)/.test(url);
}

function describeWish({ type, name, interfaces, region }: EndpointWish): string {
  const called = name === '' ? '' : ` named "${name}"`;
  const where = region === undefined ? '' : ` in region "${region}"`;
  return `an endpoint of type "${type}"${called} with interface ${interfaces.join(' or ')}${where}`;
}

function describeCatalog(catalog: readonly CatalogService[]): string {
  if (catalog.length === 0) return 'nothing (is the token scoped to a project?)';
  const entries = catalog.map(({ type, name, endpoints }) => {
    const kinds = endpoints.map(
      (endpoint) => `${endpoint.interface} in ${endpoint.region_id ?? endpoint.region ?? '-'}`,
    );
    return `${type}${typeof name === 'string' && name !== '' ? ` "${name}"` : ''} (${kinds.join(', ') || 'no endpoint'})`;
  });
  return entries.slice(0, 30).join('; ');
}
