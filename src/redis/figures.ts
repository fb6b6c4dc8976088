/** How one hub's backplane stands, for health checks and metrics. */
export interface RedisFigures {
  /** Messages that Redis has not taken yet. */
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  /** How long the oldest of them has waited, in milliseconds. */
  readonly lag: number;
  /** Messages that were given up. */
  readonly lost: number;
  /** How often the connection failed after it had stood. */
  readonly cuts: number;
  /** Whether Redis keeps messages for servers that are cut off. */
  readonly catchUp: boolean;
  /** How often messages were found missing without a cut. */
  readonly gaps: number;
  /** Milliseconds in which Redis answered the last ping; undefined before the first answer. */
  readonly roundTrip: number | undefined;
}
