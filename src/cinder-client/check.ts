import type { Waiting } from '../base/index.ts';
import { keystoneRoot } from './auth-check.ts';
import { formatMicroversion } from './microversion.ts';
import type { CinderAuth } from './options.ts';
import type { CinderSession } from './session.ts';
import type { CinderCheck } from './types.ts';
import { anyVolumes } from './wire/volume.ts';

/** One read that needs the token to be accepted, and what was learned on the way. */
export async function check(session: CinderSession, auth: CinderAuth, w: Waiting): Promise<CinderCheck> {
  const path = '/volumes?limit=1';
  await session.read({ what: 'list one volume', kind: 'read', method: 'GET', path }, anyVolumes, w);
  const { user, service } = await session.tokens(w);
  return {
    keystone: auth.type === 'none' ? undefined : keystoneRoot(auth.authUrl),
    cinder: await session.url(w),
    microversion: formatMicroversion(await session.maximum(w)),
    project: user.project?.name,
    user: user.user,
    roles: user.roles,
    expiresAt: user.expiresAt,
    serviceRoles: service?.roles,
  };
}
