/** What has happened to a guest without a call of the compute manager. Source: nova virt/event.py, class LifecycleEvent. @public */
export interface LifecycleEvent {
  readonly instanceUuid: string;
  /** The names of Nova's transitions in lower case. */
  readonly transition: 'started' | 'stopped' | 'paused' | 'resumed' | 'suspended';
  readonly at: Date;
}

/** Where lifecycle events come from. Each method returns a function that ends the subscription. @public */
export interface LifecycleSource {
  /** Whether the platform reports changes as they happen; otherwise the source asks for them from time to time. */
  readonly isLive: boolean;
  onLifecycle(listener: (event: LifecycleEvent) => void): () => void;
  /** Called when events may have been lost: the listener has to ask for the power states. */
  onResync(listener: () => void): () => void;
}
