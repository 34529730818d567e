/** A change of a step's state, for progress output. */
export interface StepEvent {
  readonly flow: string;
  readonly flowId: string;
  /** Name of the server, or of the volume that is attached without Nova. */
  readonly subject?: string | undefined;
  readonly step: string;
  readonly state: 'running' | 'progress' | 'done' | 'failed' | 'undoing' | 'undone' | 'stuck' | 'waiting';
  readonly ms?: number;
  readonly detail?: string;
  /** Set if the detail reports that a peer is unreachable or reachable again, which concerns every running step. */
  readonly outage?: 'away' | 'back';
}

export interface Failpoint {
  readonly flow: string;
  readonly step: string;
  readonly at: 'before-run' | 'after-run' | 'before-undo' | 'after-undo';
}
