/** Why a transport ended a connection: its client took too little, gave no sign of life, asked for what is not allowed, or is one too many. */
export type ConnectionErrorKind = 'slow' | 'silent' | 'badRequest' | 'tooMany';

/** What ends a connection that a transport gives up: for those who keep apart why. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly kind: ConnectionErrorKind;

  constructor(kind: ConnectionErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
