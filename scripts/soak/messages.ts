/** The first message to a worker of the soak; plain JSON. */
export interface WorkerOrder {
  readonly settingsText: string;
  readonly statePath: string;
  readonly seed: number;
  /** Number of concurrent operations. */
  readonly lanes: number;
  /** Servers to work on, each with its own boot volume. */
  readonly slots: number;
  /** Volumes that several servers attach. */
  readonly dataVolumes: readonly string[];
}

/** How the operations of a worker ended. */
export const ends = ['done', 'refused', 'rolled-back', 'stuck'] as const;
export type End = (typeof ends)[number];

/** A report of a worker about an operation. */
export type WorkerReport =
  | { readonly kind: 'opened' }
  | { readonly kind: 'operation'; readonly verb: string; readonly end: End; readonly rssMib: number }
  /** An unexpected error. */
  | { readonly kind: 'problem'; readonly text: string };
