/** A server process, or a server within this one. */
export interface RunningServer {
  /** Origin, without a slash at its end. */
  readonly url: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the server and waits for its end. */
  stop(): Promise<void>;
}

/** What a server of its own may be given. */
export interface LaunchOptions {
  /** Milliseconds that a connection outlives its client's absence. Default: the server's. */
  readonly disconnectTimeout?: number;
}
