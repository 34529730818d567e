import { nameOrId } from '../../usage.ts';

export const server = ['<server>', 'name or UUID', nameOrId] as const;
export const volume = ['<volume>', 'name or id', nameOrId] as const;
