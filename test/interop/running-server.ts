import type { CuttableLink } from './cuttable-link.ts';

/** A server process, or a server within this one; or several of them, with what is between. */
export interface RunningServer {
  /** Origin, without a slash at its end. Of the first one, where there are several. */
  readonly url: string;
  /** Origins of the other ones. */
  readonly others?: readonly string[];
  /** Resolves when the (first) server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the server, and all others, and waits for its end. */
  stop(): Promise<void>;
  /** Opens a way to a server that can be cut. Left out where it leads to the origin itself. */
  readonly cuttable?: () => Promise<CuttableWay>;
  /**
   * Lets each server send everybody at a path a message, and returns their texts: who has heard them has heard all that was sent before. Left out where
   * an answer to a call says as much.
   */
  readonly fence?: (path: string) => Promise<readonly string[]>;
}

/** A way to a server that can be cut. */
export interface CuttableWay {
  readonly link: CuttableLink;
  /** The origin that leads over it. */
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** What a server of its own may be given. */
export interface LaunchOptions {
  /** Milliseconds that a connection outlives its client's absence. Default: the server's. */
  readonly disconnectTimeout?: number;
}
