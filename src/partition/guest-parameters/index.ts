export { changeNics } from './change-nics.ts';
export { decodeGuestParameters } from './decode.ts';
export type { DecodedParameters } from './decode.ts';
export { encodeGuestParameters } from './encode.ts';
export type { EncodedParameters, GuestParameters } from './encode.ts';
export { PARAMETERS_LIMIT, withoutOurWords } from './form.ts';
export type { GuestAddresses, GuestNic, GuestPath, GuestVolume } from './form.ts';
