/** A change of a step's state, for progress output. */
export interface StepEvent {
  readonly flow: string;
  readonly flowId: string;
  readonly step: string;
  readonly state: 'running' | 'progress' | 'done' | 'failed' | 'undoing' | 'undone' | 'stuck' | 'waiting';
  readonly ms?: number;
  readonly detail?: string;
}

export interface Failpoint {
  readonly flow: string;
  readonly step: string;
  readonly at: 'before-run' | 'after-run' | 'before-undo' | 'after-undo';
}
