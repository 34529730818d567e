import { parseWwpn } from '../../base/index.ts';
import type { Lun, Wwpn } from '../../base/index.ts';
import { parseLun } from '../../base/index.ts';
import { z } from 'zod';

/** A WWPN as HMCs give it: `0x` and upper case on old levels; empty, null or absent while there is none. */
export const wwpnOrNone = z
  .string()
  .nullish()
  .transform((text): Wwpn | undefined => (text === null || text === undefined ? undefined : parseWwpn(text)));

/** A LUN of sixteen hex digits; empty, null or absent while there is none. */
export const lunOrNone = z
  .string()
  .nullish()
  .transform((text): Lun | undefined => (text === null || text === undefined ? undefined : parseLun(text)));

/**
 * What we send: sixteen lower-case hex digits, or nothing at all to clear it. Source: zhmc-ansible-modules
 * zhmc_partition.py.
 */
export const hex16ToSend = z.string().regex(/^(?:[0-9a-f]{16})?$/, 'expected 16 lower-case hex digits');

/**
 * Channel-based device number: four hex digits. Source: IBM WS API, Data model - HBA element object, 3932-AGL (lower
 * case when sent).
 */
export const deviceNumberToSend = z.string().regex(/^[0-9a-f]{4}$/, 'expected 4 lower-case hex digits');

/** Device number as given: lower case inside. */
export const deviceNumber = z.string().transform((text) => text.toLowerCase());

/** 1 to 64 characters; the set that peers use without trouble, as the book's own table is not known. */
export const nameToSend = z
  .string()
  .regex(/^[A-Za-z0-9._-](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?$/, 'expected 1 to 64 of A-Z a-z 0-9 . _ - and blank');

/**
 * A URI of the HMC. What an answer names becomes the path of later requests, with our session: it is a plain path below
 * `/api`, without a host, a query, or a way up.
 */
export const uri = z
  .string()
  .regex(/^\/api(?:\/[\w-][\w.~%-]*)+$/, 'expected the URI of an object, /api/…')
  .max(512);

/** Such URIs, absent where there are none. */
export const uris = z.array(uri).default([]);

/** A URI or null, absent on some levels. */
export const uriOrNone = z
  .union([z.literal(''), uri])
  .nullish()
  .transform((text) => (text === null || text === undefined || text === '' ? undefined : text));

/** An answer whose content nobody needs. */
export const noContent = z.unknown().transform((): void => undefined);

/** Answer of a create: the new object's URI. */
export const objectCreated = z.looseObject({ 'object-uri': uri }).transform((wire) => wire['object-uri']);

/** Answer of a create of an element: the new element's URI. */
export const elementCreated = z.looseObject({ 'element-uri': uri }).transform((wire) => wire['element-uri']);
