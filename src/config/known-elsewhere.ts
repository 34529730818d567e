import type { SectionName } from './schema.ts';

/**
 * Options that Nova, keystoneauth, the retired Python driver or an older version of this program read in our sections, and
 * we do not. Their files must still work, with a warning where the meaning changes.
 *
 * Source: Nova's and keystoneauth's option lists (users-and-conventions.md 4.4, nova-virt-driver.md 2.13 and 5.3).
 */
interface Elsewhere {
  /** Without effect here, or with the effect that we have anyway. */
  readonly quiet: readonly string[];
  /** Users may rely on them. */
  readonly warned: readonly string[];
}

const sessionOptions: Elsewhere = {
  quiet: [
    'collect_timing',
    'split_loggers',
    'timeout',
    'connect_retries',
    'connect_retry_delay',
    'status_code_retries',
    'status_code_retry_delay',
    'retriable_status_codes',
    'auth_plugin',
  ],
  warned: [
    'certfile',
    'keyfile',
    'system_scope',
    'domain_id',
    'domain_name',
    'trust_id',
    'passcode',
    'token',
    'service_type',
    'service_name',
    'valid_interfaces',
    'min_version',
    'max_version',
    'version',
  ],
};

const elsewhere: Readonly<Record<SectionName, Elsewhere>> = {
  DEFAULT: { quiet: [], warned: [] },
  // An older version limited concurrent operations; only builds are limited now.
  dpm: { quiet: [], warned: ['max_instances', 'max_concurrent_operations'] },
  cinder: {
    quiet: ['http_retries', 'cross_az_attach', 'debug', ...sessionOptions.quiet],
    warned: ['ca_certificates_file', 'api_insecure', ...sessionOptions.warned],
  },
  // Both tokens come from the same Keystone, which is configured in [cinder].
  service_user: { quiet: ['cafile', 'insecure', ...sessionOptions.quiet], warned: sessionOptions.warned },
};

/** Returns how to treat an option that is not in our table; undefined for an unknown one. */
export function readElsewhere(section: SectionName, name: string): 'quiet' | 'warned' | undefined {
  if (elsewhere[section].quiet.includes(name)) return 'quiet';
  return elsewhere[section].warned.includes(name) ? 'warned' : undefined;
}
