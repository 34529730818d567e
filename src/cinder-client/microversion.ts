/** One of v3's microversions by its minor number: 44 is 3.44. Cinder has no others. */
export type Microversion = number;

/** Reads `3.44`; undefined for another major, or for the empty text of a server from before microversions. */
export function parseMicroversion(text: string): Microversion | undefined {
  const match = /^3\.(\d{1,4})$/.exec(text.trim());
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** `3.44`. */
export function formatMicroversion(version: Microversion): string {
  return `3.${version}`;
}

/** The highest one that a 406 names: "Version 3.999 is not supported by the API. Minimum is 3.0 and maximum is 3.70." */
export function maximumOfRefusal(message: string): Microversion | undefined {
  const match = /maximum is (3\.\d{1,4})/.exec(message);
  return match?.[1] === undefined ? undefined : parseMicroversion(match[1]);
}

/** The microversions that change what we do. Source: cinder api/openstack/rest_api_version_history.rst. */
export const since = {
  base: 0,
  /** The attachments resource. */
  attachments: 27,
  /** `os-complete`: with it the attachments flow is whole. */
  attachmentComplete: 44,
  /** `mode` in the creation of an attachment. */
  attachmentMode: 54,
  /** The project may be left out of the path. */
  projectOptional: 67,
} as const satisfies Record<string, Microversion>;
