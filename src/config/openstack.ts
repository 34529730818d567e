import { findCloud } from './cloud-files.ts';
import type { Cloud } from './cloud-files.ts';
import { describeSource, givenIn } from './layers.ts';
import type { Given, Layer, Layers, Source } from './layers.ts';
import type { Surroundings } from './paths.ts';
import type { Findings } from './problems.ts';
import { sectionOptions, settingsSchema } from './schema.ts';
import type { Environment } from './sources.ts';

/**
 * The `OS_*` variables with defaults for `[cinder]`; the first that is set counts. Source: keystoneauth1 loading;
 * python-cinderclient shell.py.
 */
const variables: Readonly<Record<string, readonly string[]>> = {
  auth_type: ['OS_AUTH_TYPE'],
  auth_url: ['OS_AUTH_URL'],
  username: ['OS_USERNAME'],
  user_id: ['OS_USER_ID'],
  password: ['OS_PASSWORD'],
  project_name: ['OS_PROJECT_NAME', 'OS_TENANT_NAME'],
  project_id: ['OS_PROJECT_ID', 'OS_TENANT_ID'],
  user_domain_name: ['OS_USER_DOMAIN_NAME'],
  user_domain_id: ['OS_USER_DOMAIN_ID'],
  project_domain_name: ['OS_PROJECT_DOMAIN_NAME'],
  project_domain_id: ['OS_PROJECT_DOMAIN_ID'],
  default_domain_id: ['OS_DEFAULT_DOMAIN', 'OS_DEFAULT_DOMAIN_ID'],
  default_domain_name: ['OS_DEFAULT_DOMAIN_NAME'],
  application_credential_id: ['OS_APPLICATION_CREDENTIAL_ID'],
  application_credential_name: ['OS_APPLICATION_CREDENTIAL_NAME'],
  application_credential_secret: ['OS_APPLICATION_CREDENTIAL_SECRET'],
  region_name: ['OS_REGION_NAME'],
  endpoint_override: ['CINDER_ENDPOINT'],
  cafile: ['OS_CACERT'],
  insecure: ['OS_INSECURE', 'CINDERCLIENT_INSECURE'],
};

/** Options with the same meaning: a setting of one suppresses the defaults of the others. */
const alternatives: readonly (readonly string[])[] = [
  ['username', 'user_id'],
  ['project_name', 'project_id'],
  ['user_domain_name', 'user_domain_id', 'default_domain_name', 'default_domain_id'],
  ['project_domain_name', 'project_domain_id', 'default_domain_name', 'default_domain_id'],
  ['application_credential_id', 'application_credential_name'],
  ['endpoint_override', 'endpoint_template'],
];

/** Options that make `[cinder]` self-contained, so that `OS_CLOUD` is ignored. */
const deciding = ['auth_type', 'auth_url', 'auth_section', 'username', 'user_id', 'application_credential_id'];

/** The name of the cloud that consists of the `OS_*` variables. */
const ENVVARS = 'envvars';

/**
 * Adds the settings of OpenStackClient: the cloud that `cinder.cloud` or `OS_CLOUD` names, and the `OS_*` variables as
 * defaults.
 *
 * @returns their interface of the service catalog
 */
export function addOpenstackDefaults(layers: Layers, search: Surroundings, findings: Findings): string | undefined {
  const named = cloudName(layers, search.env);
  const name = named?.value;
  const where = named === undefined ? undefined : describeSource(named.source);
  const cloud = name === undefined || name === ENVVARS ? undefined : findCloud(name, where, search, findings);
  if (name !== undefined) setAside(layers.files, name, findings);
  if (name !== undefined && cloud !== undefined) {
    addCloud(layers.cloud, cloud.cloud, { kind: 'cloud', path: cloud.path, cloud: name });
  }
  addVariables(layers, search.env);
  const { OS_INTERFACE, OS_ENDPOINT_TYPE } = search.env;
  return cloud?.cloud.interface ?? cloud?.cloud.endpoint_type ?? OS_INTERFACE ?? OS_ENDPOINT_TYPE;
}

function given(layers: Layers, name: string): boolean {
  const option = sectionOptions('cinder')[name];
  return [layers.environment, layers.cloud, layers.files].some(
    (layer) => givenIn(layer, 'cinder', name, option)?.some(({ value }) => value !== '') === true,
  );
}

function cloudName(layers: Layers, env: Environment): Given | undefined {
  for (const layer of [layers.environment, layers.files]) {
    const named = layer.get('cinder', 'cloud')?.at(-1);
    if (named === undefined || named.value === '') continue;
    // An unusable name is reported when the option itself is read.
    return settingsSchema.cinder.cloud.schema.safeParse(named.value).success ? named : undefined;
  }
  const value = env.OS_CLOUD;
  if (value === undefined || value === '' || deciding.some((name) => given(layers, name))) return undefined;
  const named: Given = { value, source: { kind: 'environment', name: 'OS_CLOUD' } };
  layers.openstack.add('cinder', 'cloud', named);
  return named;
}

/** Removes the options that the cloud overrides from the files, with a warning. */
function setAside(files: Layer, cloud: string, findings: Findings): void {
  for (const name of Object.keys(sectionOptions('cinder'))) {
    if (name === 'cloud' || name === 'catalog_info') continue;
    for (const one of [name, ...(sectionOptions('cinder')[name]?.aliases ?? [])]) {
      const last = files.remove('cinder', one).at(-1);
      if (last === undefined || last.value === '') continue;
      findings.warnings.push(`cinder.${one} (${describeSource(last.source)}) is not used: cinder.cloud is ${cloud}`);
    }
  }
}

function addCloud(layer: Layer, cloud: Cloud, source: Source): void {
  const add = (name: string, value: unknown) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      layer.add('cinder', name, { value: String(value), source });
    }
  };
  for (const name of Object.keys(variables)) {
    // Old entries have these options beside `auth`.
    add(name, cloud.auth?.[name] ?? (name === 'auth_type' ? undefined : cloud[name]));
  }
  add('auth_type', cloud.auth_type);
  if (cloud.region_name === undefined) {
    const first = cloud.regions?.[0];
    add('region_name', typeof first === 'string' ? first : first?.name);
  }
  add('cafile', cloud.cacert);
  if (cloud.verify !== undefined) add('insecure', /^(?:false|no|off|0)$/i.test(String(cloud.verify)));
  const { block_storage_endpoint_override, volumev3_endpoint_override, volume_endpoint_override } = cloud;
  add('endpoint_override', block_storage_endpoint_override ?? volumev3_endpoint_override ?? volume_endpoint_override);
  add('endpoint_override', cloud.auth?.endpoint);
}

function addVariables(layers: Layers, env: Environment): void {
  for (const [name, names] of Object.entries(variables)) {
    const group = alternatives.filter((each) => each.includes(name)).flat();
    if ([name, ...group].some((each) => given(layers, each))) continue;
    const variable = names.find((each) => env[each] !== undefined && env[each] !== '');
    if (variable === undefined) continue;
    const source: Source = { kind: 'environment', name: variable };
    layers.openstack.add('cinder', name, { value: env[variable] ?? '', source });
  }
}
