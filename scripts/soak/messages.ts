/** What a worker of the soak is told when it begins; plain JSON. */
export interface WorkerOrder {
  readonly settingsText: string;
  readonly statePath: string;
  readonly seed: number;
  /** How many operations run beside each other. */
  readonly lanes: number;
  /** Servers that it keeps in motion, each with a boot volume of its own. */
  readonly slots: number;
  /** Volumes that the servers contend for. */
  readonly dataVolumes: readonly string[];
}

/** How the operations of a worker ended. */
export const ends = ['done', 'refused', 'rolled-back', 'stuck'] as const;
export type End = (typeof ends)[number];

/** What a worker says of itself, operation by operation. */
export type WorkerReport =
  | { readonly kind: 'opened' }
  | { readonly kind: 'operation'; readonly verb: string; readonly end: End; readonly rssMib: number }
  /** An error that no fault explains. */
  | { readonly kind: 'problem'; readonly text: string };
