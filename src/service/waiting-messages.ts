import { MessageType } from '../protocol/hub/message.ts';
import type { RecordHead } from '../protocol/hub/record-head.ts';

/** Bytes of a client that wait for its next app server. */
export interface WaitingBytes {
  readonly bytes: Buffer;
  /** What message ends with them; undefined where the end is to come. */
  readonly head: RecordHead | undefined;
  readonly partial: boolean;
}

/** About what a piece takes besides its bytes: a client may send each byte on its own. */
const OVERHEAD = 256;

/** What a client sends while it is being moved, as far as it is not about calls that its present app server has begun. */
export class WaitingMessages {
  readonly #waiting: WaitingBytes[] = [];
  /** Calls that wait, and the streams that go with them. */
  readonly #ids = new Set<string>();
  /** What it takes. */
  bytes = 0;

  /** Whether a message has to wait: it begins a call, goes with one that waits, or must not overtake what waits. */
  belongs(head: RecordHead | undefined): boolean {
    switch (head?.type) {
      case undefined:
        return false;
      case MessageType.invocation:
      case MessageType.streamInvocation:
        return true;
      case MessageType.streamItem:
      case MessageType.completion:
      case MessageType.cancelInvocation:
        return this.#ids.has(head.invocationId ?? '');
      case MessageType.close:
        return this.#waiting.length > 0;
      default:
        return false;
    }
  }

  /** Keeps a copy. */
  add(bytes: Buffer, head: RecordHead | undefined, partial: boolean): void {
    this.#waiting.push({ bytes: Buffer.from(bytes), head, partial });
    this.bytes += bytes.length + OVERHEAD;
    if (head?.invocationId !== undefined) this.#ids.add(head.invocationId);
    for (const id of head?.streamIds ?? []) this.#ids.add(id);
  }

  /** All of it, in order. */
  take(): readonly WaitingBytes[] {
    this.bytes = 0;
    this.#ids.clear();
    return this.#waiting.splice(0);
  }
}
