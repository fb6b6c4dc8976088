/** What the clients of a run do. */
export interface Workload {
  /** What has to be done before, such as joining groups. */
  prepare?(): Promise<void>;
  start(): void;
  /** Sends nothing new from now on. */
  stop(): void;
  /** What is still under way; 0 when all of it has come. */
  readonly pending: number;
  /** Adds what was lost or came out of order to the faults. */
  finish(): void;
}
