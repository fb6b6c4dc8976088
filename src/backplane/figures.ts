/** How a backplane does, for health checks and metrics. What it has no notion of is left out. */
export interface BackplaneFigures {
  /** Messages that the other servers have not been sent yet. */
  readonly outboxMessages?: number;
  readonly outboxBytes?: number;
  /** How long the oldest of them has waited, in milliseconds. */
  readonly lag?: number;
  /** Messages that were given up. */
  readonly lost?: number;
  /** How often the connection failed after it had stood. */
  readonly cuts?: number;
  /** How often messages were found missing without a cut. */
  readonly gaps?: number;
  /** Milliseconds in which the last sign of life was answered; undefined before the first answer. */
  readonly roundTrip?: number | undefined;
  /** Whether what servers miss while they are cut off is kept for them. */
  readonly catchUp?: boolean;
}
