export { decodeGuestParameters } from './decode.ts';
export type { DecodedParameters } from './decode.ts';
export { encodeGuestParameters } from './encode.ts';
export type { EncodedParameters, GuestParameters } from './encode.ts';
export { PARAMETERS_LIMIT } from './form.ts';
export { withoutOurWords } from './own-words.ts';
export type { GuestNic, GuestPath, GuestVolume } from './types.ts';
