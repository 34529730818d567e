import { ApiFault, GENERIC_400 } from './api-fault.ts';

/** Minor number of a version 3.x: 44 for 3.44. */
export type Microversion = number;

const MAJOR = 3;

/** A refused version; `echo` is what the response's version header repeats, as the real service does for 406 only. */
export class VersionFault extends ApiFault {
  readonly echo: string | undefined;

  constructor(status: number, message: string, echo?: string) {
    super(status, message);
    this.echo = echo;
  }
}

/**
 * The minor number of an option like `3.44`.
 * @throws RangeError for anything else
 */
export function parseMaximum(text: string): Microversion {
  const minor = /^3\.(\d{1,3})$/.exec(text)?.[1];
  if (minor === undefined) throw new RangeError(`maxMicroversion must look like 3.44, not "${text}"`);
  return Number(minor);
}

/**
 * The version that a request asks for in `OpenStack-API-Version`; 3.0 without the header.
 * @throws {@link VersionFault} 400 for a malformed header, 406 for a version outside 3.0 to the maximum
 */
export function negotiate(header: string | undefined, maximum: Microversion): Microversion {
  if (header === undefined) return 0;
  // One header may name several services: "compute 2.1,volume 3.44".
  const part = header.split(',').find((each) => each.trim().startsWith('volume '));
  if (part === undefined) throw new VersionFault(400, GENERIC_400);
  const asked = part.trim().slice('volume '.length).trim();
  return asked === 'latest' ? maximum : parseAsked(asked, maximum);
}

function parseAsked(asked: string, maximum: Microversion): Microversion {
  const match = /^(\d+)\.(\d+)$/.exec(asked);
  if (!match) {
    const form = 'Must be of format MajorNum.MinorNum.';
    throw new VersionFault(400, `API Version String ${asked} is of invalid format. ${form}`);
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major === MAJOR && minor <= maximum) return minor;
  const range = `Minimum is 3.0 and maximum is 3.${maximum}.`;
  throw new VersionFault(406, `Version ${asked} is not supported by the API. ${range}`, asked);
}
