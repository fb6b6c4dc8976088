import type { RecordHead } from '../protocol/hub/record-head.ts';
import { MessageType } from '../protocol/hub/message.ts';

/** The longest id of a call that is kept. Official clients count. */
const LONGEST = 128;

/** The calls of one client that its app server has begun and not ended. */
export class RunningCalls {
  readonly #limit: number;
  /** Whether the client waits for the end of each, by its invocation id; or uploads a stream of that id to a call that has none. */
  #running: Map<string, boolean> | undefined;

  /** @param limit - calls that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#running?.size ?? 0;
  }

  /** The client has sent its app server a message. */
  sent({ type, invocationId, streamIds }: RecordHead): void {
    if (type === MessageType.invocation || type === MessageType.streamInvocation) {
      if (invocationId !== undefined) this.#add(invocationId, true);
      // A call that nobody waits for runs as long as it is fed.
      else for (const id of streamIds ?? []) this.#add(id, false);
    } else if (invocationId !== undefined && (type === MessageType.completion || type === MessageType.cancelInvocation)) {
      this.#running?.delete(invocationId);
    }
  }

  /** The app server has sent the client a message. */
  came({ type, invocationId }: RecordHead): void {
    if (type === MessageType.completion && invocationId !== undefined) this.#running?.delete(invocationId);
  }

  /** Forgets all of them, and returns those whose end the client waits for. */
  giveUp(): readonly string[] {
    const awaited = [...(this.#running ?? [])].filter(([, waitsForIt]) => waitsForIt).map(([id]) => id);
    this.#running = undefined;
    return awaited;
  }

  #add(id: string, awaited: boolean): void {
    if (this.size >= this.#limit || id.length > LONGEST) return;
    this.#running ??= new Map();
    this.#running.set(id, awaited);
  }
}
