import { z } from 'zod';
import { parseLun, parseWwpn } from '../../base/index.ts';

const textOrNone = z.string().nullish();

/** A WWPN: with `0x` and in upper case on old levels; empty, null or absent for none. */
export const wwpnOrNone = textOrNone.transform((text) => parseWwpn(text ?? ''));

/** A LUN of sixteen hex digits; empty, null or absent for none. */
export const lunOrNone = textOrNone.transform((text) => parseLun(text ?? ''));

/**
 * For requests: sixteen lower-case hex digits, or an empty text to clear the value. Source: zhmc-ansible-modules
 * zhmc_partition.py.
 */
export const hex16ToSend = z.string().regex(/^(?:[0-9a-f]{16})?$/, 'expected 16 lower-case hex digits');

/**
 * Channel-based device number: four hex digits. Source: IBM WS API, Data model - HBA element object, 3932-AGL (lower
 * case when sent).
 */
export const deviceNumberToSend = z.string().regex(/^[0-9a-f]{4}$/, 'expected 4 lower-case hex digits');

/** Device number in an answer, converted to lower case. */
export const deviceNumber = z.string().transform((text) => text.toLowerCase());

/** 1 to 64 characters of a set that other clients use; the book's own table is not known. */
export const nameToSend = z
  .string()
  .regex(/^[A-Za-z0-9._-](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?$/, 'expected 1 to 64 of A-Z a-z 0-9 . _ - and blank');

/**
 * A URI of the HMC: a plain path below `/api`, without a host, a query or `..`, because later requests send the session to
 * it.
 */
export const uri = z
  .string()
  .regex(/^\/api(?:\/[\w-][\w.~%-]*)+$/, 'expected the URI of an object, /api/…')
  .max(512);

/** URIs, absent for none. */
export const uris = z.array(uri).default([]);

/** A URI; empty, null or absent for none. */
export const uriOrNone = z
  .union([z.literal(''), uri])
  .nullish()
  .transform((text) => (text === '' ? undefined : (text ?? undefined)));

/** An answer whose content is ignored. */
export const noContent = z.unknown().transform((): void => undefined);

/** Answer of a create: the new object's URI. */
export const objectCreated = z.looseObject({ 'object-uri': uri }).transform((wire) => wire['object-uri']);

/** Answer of a create of an element: the new element's URI. */
export const elementCreated = z.looseObject({ 'element-uri': uri }).transform((wire) => wire['element-uri']);
