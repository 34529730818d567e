import { timingSafeEqual } from 'node:crypto';
import { hexId } from '../names.ts';

/** Keystone's only domain here, as every installation has it. */
export const DOMAIN = { id: 'default', name: 'Default' } as const;

/**
 * A user of the simulated Keystone; all are in the domain Default.
 * @public
 */
export interface UserOptions {
  readonly name: string;
  readonly password: string;
  /** Roles by project name; the first project is the default project. */
  readonly projects: Readonly<Record<string, readonly string[]>>;
  /** Roles on the system scope. */
  readonly system?: readonly string[];
  readonly enabled?: boolean;
  readonly applicationCredentials?: readonly ApplicationCredentialOptions[];
}

/**
 * An application credential: a secret that stands for its user in one project, with all of his roles there.
 * @public
 */
export interface ApplicationCredentialOptions {
  readonly name: string;
  readonly secret: string;
  readonly project: string;
}

/** A user with what follows from his name. */
export interface User extends UserOptions {
  readonly id: string;
}

/** An application credential with its id and owner. */
export interface ApplicationCredential extends ApplicationCredentialOptions {
  readonly id: string;
  readonly user: User;
}

/** A project; its id is 32 hex digits, as Cinder's router wants it. */
export interface Project {
  readonly id: string;
  readonly name: string;
}

/** Users, projects and application credentials; ids follow from names. */
export class Directory {
  readonly users: readonly User[];
  readonly credentials: readonly ApplicationCredential[];

  constructor(users: readonly UserOptions[]) {
    this.users = users.map((user) => ({ ...user, id: hexId('user', user.name) }));
    this.credentials = this.users.flatMap((user) =>
      (user.applicationCredentials ?? []).map((each) => ({
        ...each,
        id: hexId('credential', user.name + each.name),
        user,
      })),
    );
  }

  /** @param key - name or id, of which one suffices */
  findUser(key: { readonly id?: string; readonly name?: string }): User | undefined {
    return this.users.find((user) => user.id === key.id || user.name === key.name);
  }

  findProject(key: { readonly id?: string; readonly name?: string }): Project | undefined {
    const names = new Set(this.users.flatMap((user) => Object.keys(user.projects)));
    const projects = [...names].map((name) => projectOf(name));
    return projects.find((project) => project.id === key.id || project.name === key.name);
  }

  findCredential(
    key: { readonly id?: string; readonly name?: string },
    user?: User,
  ): ApplicationCredential | undefined {
    return this.credentials.find((each) => each.id === key.id || (each.name === key.name && each.user === user));
  }
}

/** The project of a name. */
export function projectOf(name: string): Project {
  return { id: hexId('project', name), name };
}

/** Compares secrets without telling by the time taken where they differ. */
export function isSecret(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
