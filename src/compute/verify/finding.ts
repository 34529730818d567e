/** Something that belongs to nobody, or is missing. @public */
export interface Finding {
  readonly kind:
    | 'partition'
    | 'parked-partition'
    | 'vhba'
    | 'storage-group'
    | 'storage-volume'
    | 'server'
    | 'attachment'
    | 'volume'
    | 'flow';
  /** Its name, as a person would look for it. */
  readonly name: string;
  readonly detail: string;
  /** What `--repair` does about it; null where a person has to decide. */
  readonly repair: string | null;
  /** @internal What the repair works on; `instanceUuid` where that is found through its instance only. */
  readonly target: { readonly id: string; readonly instanceUuid?: string };
}
