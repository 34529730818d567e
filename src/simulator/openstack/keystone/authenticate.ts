import { isObject, type Json } from '../json.ts';
import { isSecret, projectOf, type Directory, type Project, type User } from './directory.ts';
import { IdentityFault, malformed, unauthorized } from './faults.ts';
import type { Scope, Token, TokenRequest, Tokens } from './tokens.ts';

const METHODS = ['external', 'password', 'token', 'oauth1', 'mapped', 'application_credential'];

interface Identity {
  readonly user: User;
  readonly methods: readonly string[];
  /** An application credential is bound to its project. */
  readonly boundTo?: Project;
  readonly credential: Token['credential'];
  readonly expiresAt?: number;
  readonly parentAuditIds?: readonly string[];
}

/**
 * Decides what token a request to POST /v3/auth/tokens gets.
 * @throws {@link IdentityFault} 400 for a malformed request, 401 for anything that does not fit together
 */
export function authenticate(body: unknown, directory: Directory, tokens: Tokens): TokenRequest {
  const auth = child(isObject(body) ? body : {}, 'auth', 'request body');
  const identity = identify(child(auth, 'identity', 'auth'), directory, tokens);
  if (identity.user.enabled === false) throw unauthorized();
  if (identity.boundTo && 'scope' in auth) {
    const reason = 'Application credentials cannot request a scope.';
    throw new IdentityFault(401, `Error authenticating with application credential: ${reason}`, {});
  }
  const { boundTo, ...known } = identity;
  const scope = boundTo ? { project: boundTo } : scopeOf(auth.scope, identity.user, directory);
  return { ...known, scope, roles: rolesIn(identity.user, scope) };
}

function identify(identity: Json, directory: Directory, tokens: Tokens): Identity {
  const methods = Array.isArray(identity.methods) ? identity.methods.filter((each) => typeof each === 'string') : [];
  const method = methods[0];
  if (method === undefined) throw malformed('methods in identity');
  if (!METHODS.includes(method)) {
    throw new IdentityFault(401, 'Attempted to authenticate with an unsupported method.', { methods: METHODS });
  }
  const given = child(identity, method, 'identity');
  if (method === 'password') return byPassword(given, directory);
  if (method === 'application_credential') return byCredential(given, directory);
  if (method === 'token') return byToken(given, tokens);
  // Known to Keystone, but nothing of this installation is set up for it.
  throw unauthorized();
}

function byPassword(given: Json, directory: Directory): Identity {
  const asked = child(given, 'user', 'password');
  const user = findUser(asked, directory);
  if (!user || !isSecret(asked.password, user.password)) throw unauthorized();
  return { user, methods: ['password'], credential: undefined };
}

function byCredential(given: Json, directory: Directory): Identity {
  if (!('secret' in given)) throw malformed('secret in application_credential');
  const key = keyOf(given);
  const owner = key.id === undefined ? findUser(child(given, 'user', 'application_credential'), directory) : undefined;
  const credential = directory.findCredential(key, owner);
  if (!credential || !isSecret(given.secret, credential.secret)) throw unauthorized();
  const { id, name, user, project } = credential;
  return { user, methods: ['application_credential'], boundTo: projectOf(project), credential: { id, name } };
}

function byToken(given: Json, tokens: Tokens): Identity {
  const token = tokens.findValid(typeof given.id === 'string' ? given.id : undefined);
  if (!token) throw unauthorized();
  const { user, methods, credential, expiresAt, auditIds } = token;
  return { user, methods: [...methods, 'token'], credential, expiresAt, parentAuditIds: auditIds };
}

function findUser(asked: Json, directory: Directory): User | undefined {
  const key = keyOf(asked);
  if (key.id === undefined && key.name === undefined) throw malformed('id or name in user');
  if (key.id === undefined && !isObject(asked.domain)) throw malformed('domain in user');
  if (key.id === undefined && !isDefaultDomain(asked.domain)) return undefined;
  return directory.findUser(key);
}

// Without a scope a token is for the user's default project; "unscoped" asks for none.
function scopeOf(asked: unknown, user: User, directory: Directory): Scope {
  if (asked === 'unscoped') return undefined;
  if (asked === undefined) {
    const name = Object.keys(user.projects)[0];
    return name === undefined ? undefined : { project: projectOf(name) };
  }
  if (isObject(asked) && 'system' in asked) return { system: true };
  if (!isObject(asked) || !isObject(asked.project)) throw unauthorized();
  const key = keyOf(asked.project);
  if (key.id === undefined && !isObject(asked.project.domain)) throw malformed('domain in project');
  if (key.id === undefined && !isDefaultDomain(asked.project.domain)) throw unauthorized();
  const project = directory.findProject(key);
  if (!project) throw unauthorized();
  return { project };
}

function rolesIn(user: User, scope: Scope): readonly string[] {
  if (scope === undefined) return [];
  const roles = 'project' in scope ? user.projects[scope.project.name] : user.system;
  if (!roles || roles.length === 0) throw unauthorized();
  return roles;
}

function child(parent: Json, key: string, where: string): Json {
  const value = parent[key];
  if (isObject(value)) return value;
  throw malformed(`${key} in ${where}`);
}

function keyOf(asked: Json): { readonly id?: string; readonly name?: string } {
  const { id, name } = asked;
  return { ...(typeof id === 'string' && { id }), ...(typeof name === 'string' && { name }) };
}

function isDefaultDomain(domain: unknown): boolean {
  if (!isObject(domain)) return false;
  return domain.id === 'default' || domain.name === 'Default';
}
