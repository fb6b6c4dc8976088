/** The `type` of each message, as both protocols write it (HubProtocol specification, "Message types"). */
export const MessageType = {
  invocation: 1,
  streamItem: 2,
  completion: 3,
  streamInvocation: 4,
  cancelInvocation: 5,
  ping: 6,
  close: 7,
  ack: 8,
  sequence: 9,
} as const;

export type Headers = Readonly<Record<string, string>>;

/** A call. Without an invocation id nobody waits for an answer. */
export interface InvocationMessage {
  readonly type: typeof MessageType.invocation;
  readonly headers?: Headers | undefined;
  readonly invocationId?: string | undefined;
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly streamIds?: readonly string[] | undefined;
}

/** A call whose result is a stream. */
export interface StreamInvocationMessage {
  readonly type: typeof MessageType.streamInvocation;
  readonly headers?: Headers | undefined;
  readonly invocationId: string;
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly streamIds?: readonly string[] | undefined;
}

export interface StreamItemMessage {
  readonly type: typeof MessageType.streamItem;
  readonly headers?: Headers | undefined;
  readonly invocationId: string;
  readonly item: unknown;
}

/** The end of a call or a stream: an error, a result (which may be null), or neither. Never both. */
export interface CompletionMessage {
  readonly type: typeof MessageType.completion;
  readonly headers?: Headers | undefined;
  readonly invocationId: string;
  readonly error?: string | undefined;
  /** Whether there is a result: `result: undefined` alone does not say. */
  readonly hasResult: boolean;
  readonly result?: unknown;
}

export interface CancelInvocationMessage {
  readonly type: typeof MessageType.cancelInvocation;
  readonly headers?: Headers | undefined;
  readonly invocationId: string;
}

export interface PingMessage {
  readonly type: typeof MessageType.ping;
}

export interface CloseMessage {
  readonly type: typeof MessageType.close;
  readonly error?: string | undefined;
  readonly allowReconnect?: boolean | undefined;
}

/** Protocol version 2: everything up to `sequenceId` was received. */
export interface AckMessage {
  readonly type: typeof MessageType.ack;
  readonly sequenceId: number;
}

/** Protocol version 2: the next message has this id. */
export interface SequenceMessage {
  readonly type: typeof MessageType.sequence;
  readonly sequenceId: number;
}

/**
 * A call whose arguments could not be read although the message around them could: the call fails, the connection lives.
 * Only `parse` makes it; it is never written.
 */
export interface BindingFailureMessage {
  readonly type: 'bindingFailure';
  readonly streaming: boolean;
  readonly invocationId?: string | undefined;
  readonly target: string;
  /** The reference server's words, for detailed errors: `InvalidDataException: …`. */
  readonly reason: string;
}

export type HubMessage =
  | InvocationMessage
  | StreamInvocationMessage
  | StreamItemMessage
  | CompletionMessage
  | CancelInvocationMessage
  | PingMessage
  | CloseMessage
  | AckMessage
  | SequenceMessage;

/** What `parse` yields. */
export type ReceivedMessage = HubMessage | BindingFailureMessage;
