import type { SimRequest } from '../../server/index.ts';
import type { Tokens } from '../keystone/tokens.ts';

/** Who sends a request. */
export interface Caller {
  readonly userId: string;
  readonly projectId: string;
  readonly isAdmin: boolean;
  readonly isService: boolean;
}

/** Tells who sends a request; undefined when nobody that is known. */
export type Identify = (req: SimRequest) => Caller | undefined;

/**
 * As keystonemiddleware does: the user's token must be valid, and a service token, if there is one, must be valid and
 * of a user with role `service` (`service_token_roles`, `service_token_roles_required`).
 */
export function keystoneIdentity(tokens: Tokens): Identify {
  return ({ headers, fault }) => {
    const id = headers['x-auth-token'];
    if (fault?.kind.type === 'session-lost' && id !== undefined) {
      fault.take();
      tokens.revoke(id);
    }
    const token = tokens.findValid(id);
    if (!token) return undefined;
    const serviceId = headers['x-service-token'];
    const isService = serviceId !== undefined && (tokens.findValid(serviceId)?.roles.includes('service') ?? false);
    if (serviceId !== undefined && !isService) return undefined;
    const projectId = token.scope && 'project' in token.scope ? token.scope.project.id : '';
    return { userId: token.user.id, projectId, isAdmin: token.roles.includes('admin'), isService };
  };
}

/** As Cinder does with `auth_strategy = noauth`: the token is `user:project`, and everyone is an administrator. */
export function noauthIdentity(): Identify {
  return ({ headers }) => {
    const token = headers['x-auth-token'];
    if (token === undefined) return undefined;
    const [userId = '', projectId = userId] = token.split(':');
    return { userId, projectId, isAdmin: true, isService: false };
  };
}
