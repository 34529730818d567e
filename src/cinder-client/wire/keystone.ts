import { z } from 'zod';
import { identifier } from './parse.ts';
import type { ApplicationCredentialAuth, PasswordAuth } from '../options.ts';

export type KeystoneAuth = PasswordAuth | ApplicationCredentialAuth;

const named = z.looseObject({ id: z.string(), name: z.string() });

const endpoint = z.looseObject({
  interface: z.string(),
  url: z.string(),
  region: z.string().nullish(),
  region_id: z.string().nullish(),
});

const service = z.looseObject({ type: z.string(), name: z.string().nullish(), endpoints: z.array(endpoint) });

export type CatalogService = z.infer<typeof service>;

/** The body of the response to `POST /v3/auth/tokens`. Source: keystoneauth1 identity/v3 and session.py. */
export const tokenAnswer = z.looseObject({
  token: z.looseObject({
    expires_at: z.string(),
    issued_at: z.string().optional(),
    user: named,
    project: z.looseObject({ id: identifier, name: z.string() }).optional(),
    roles: z.array(z.looseObject({ name: z.string() })).default([]),
    catalog: z.array(service).default([]),
  }),
});

/** Returns the body of `POST /v3/auth/tokens`, which contains the secret in clear text. */
export function tokenRequest(auth: KeystoneAuth): unknown {
  if (auth.type === 'v3applicationcredential') return applicationCredentialRequest(auth);
  const user = { ...userReference(auth), password: auth.password.reveal() };
  const identity = { methods: ['password'], password: { user } };
  const project = projectReference(auth);
  return { auth: { identity, ...(project === undefined ? {} : { scope: { project } }) } };
}

/** The request must not name a scope: the credential is bound to its project. */
function applicationCredentialRequest(auth: ApplicationCredentialAuth): unknown {
  const secret = auth.secret.reveal();
  const reference = auth.id === undefined ? { name: auth.name, user: userReference(auth) } : { id: auth.id };
  const identity = { methods: ['application_credential'], application_credential: { ...reference, secret } };
  return { auth: { identity } };
}

function userReference(auth: KeystoneAuth): Record<string, unknown> {
  if (auth.userId !== undefined) return { id: auth.userId };
  return { name: auth.username, domain: domainReference(auth.userDomainId, auth.userDomainName) };
}

/** Without a project, Keystone uses the default project of the user. */
function projectReference(auth: PasswordAuth): Record<string, unknown> | undefined {
  if (auth.projectId !== undefined) return { id: auth.projectId };
  if (auth.projectName === undefined) return undefined;
  return { name: auth.projectName, domain: domainReference(auth.projectDomainId, auth.projectDomainName) };
}

function domainReference(id: string | undefined, name: string | undefined): Record<string, string | undefined> {
  return id === undefined ? { name } : { id };
}
