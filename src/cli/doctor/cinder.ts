import type { Waiting } from '../../base/index.ts';
import { CinderAuthError, openCinder } from '../../cinder-client/index.ts';
import type { CinderCheck } from '../../cinder-client/index.ts';
import type { Settings } from '../../config/index.ts';
import type { DoctorCheck, DoctorOptions } from './checks.ts';
import { failed, ok, warn } from './checks.ts';

/** Microversion from which Cinder has the whole attachments API. Source: cinder api/v3/attachments.py. */
const ATTACHMENTS_SINCE = 44;

/** Checks Keystone and Cinder. */
export async function checkCinder(
  settings: Settings,
  options: DoctorOptions,
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  using cinder = openCinder({ ...settings.cinder, log: options.log, requestId: () => options.requestId });
  try {
    return describe(await cinder.check(w));
  } catch (error) {
    return [failed('cinder', error, advice(error), w.signal)];
  }
}

function advice(error: unknown): string {
  if (error instanceof CinderAuthError)
    return 'check user, project and domains of [cinder] and [service_user]; the service user needs the role service';
  return 'check cinder.auth_url, cinder.catalog_info, cinder.region_name or cinder.endpoint_override, and cinder.cafile';
}

function describe(check: CinderCheck): readonly DoctorCheck[] {
  const { keystone, cinder, microversion, project, user, roles, serviceRoles } = check;
  const minor = Number(microversion.split('.')[1]);
  const rights = roles.length === 0 ? undefined : `roles ${roles.join(', ')}`;
  const identity = [user, project && `project ${project}`, rights].filter((word) => word !== undefined).join(', ');
  return [
    ...(keystone === undefined ? [] : [ok(`keystone ${keystone}`, identity)]),
    minor >= ATTACHMENTS_SINCE
      ? ok(`cinder ${cinder}`, `microversion ${microversion}`)
      : warn(`cinder ${cinder}`, `microversion ${microversion}: the legacy volume-action API is used to attach`, ''),
    ...checkServiceUser(keystone, serviceRoles),
  ];
}

function checkServiceUser(keystone: string | undefined, roles: CinderCheck['serviceRoles']): readonly DoctorCheck[] {
  const name = 'service user';
  const why = 'without it, a Cinder with the fix for CVE-2023-2088 refuses to detach volumes of instances';
  if (keystone === undefined) return [];
  if (roles === undefined) return [warn(name, 'none', `${why}: set service_user.send_service_user_token`)];
  if (roles.includes('service')) return [ok(name, `roles ${roles.join(', ')}`)];
  return [warn(name, `roles ${roles.join(', ')}`, `give it the role service: ${why}`)];
}
