import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/index.ts';

/** Returns a check of the header `Authorization: Bearer <token>`. Compares digests, which hides the length of the token. */
export function bearerCheck(token: Secret): (header: string | undefined) => boolean {
  const expected = digest(token.reveal());
  return (header) => {
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
