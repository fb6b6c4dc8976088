/** Where what a server sends goes. */
export interface LinkListener {
  /** The buffer is the callee's for the length of the call. */
  received(chunk: Buffer): void;
  /** The server has ended, or cut. Called once, unless the client has cut before. */
  ended(): void;
}

/** The client's end of a connection of bytes, which can be treated as badly as any. */
export interface Link {
  /** Whether nothing is under way in either direction. */
  readonly quiet: boolean;
  write(bytes: Uint8Array): void;
  /** Says that no more comes, and still reads. */
  end(): void;
  /** Goes without a word. */
  cut(): void;
  /** Stops reading what the server sends, and reads again. */
  stall(): void;
  flow(): void;
}
