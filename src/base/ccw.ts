/** Returns the bus ID `0.0.8001` of `8001`, `0.0.8001` or `0X8001`, as in s390-tools; undefined for any other text. */
export function parseBusId(text: string): string | undefined {
  const [, set = '0.0', device] =
    /^(?:([0-9a-f]{1,2}\.[0-3])\.|0x)?([0-9a-f]{4})$/.exec(text.trim().toLowerCase()) ?? [];
  return device === undefined ? undefined : `${set}.${device}`;
}
