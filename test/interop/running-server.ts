/** A server process, or a server within this one. */
export interface RunningServer {
  /** Origin, without a slash at its end. */
  readonly url: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the server and waits for its end. */
  stop(): Promise<void>;
}
