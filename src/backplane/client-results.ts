import { codedError } from '../base/errors.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { CompletionOutcome } from './backplane.ts';
import type { Member } from './member.ts';

interface Pending {
  readonly member: Member;
  readonly resolve: (completion: CompletionMessage) => void;
  readonly reject: (error: unknown) => void;
  readonly release: () => void;
}

/** The client results that members of this server owe, by invocation id. */
export class ClientResults {
  readonly #pending = new Map<string, Pending>();
  #last = 0;

  /** Ids count over the whole hub, as the reference server's do: a client can't tell from one what others are asked. */
  nextId(): string {
    return `s${++this.#last}`;
  }

  /**
   * Waits for the answer of `member` to the invocation `id`. `deliver` sends it; where it throws, nothing is awaited.
   *
   * @throws the signal's reason; SignalboxError SIGNALBOX_CONNECTION_GONE when the client leaves first
   */
  wait(id: string, member: Member, deliver: () => void, signal: AbortSignal | undefined): Promise<CompletionMessage> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const cancelled = (): void => this.#settle(id)?.reject(signal?.reason);
      const release = (): void => signal?.removeEventListener('abort', cancelled);
      deliver();
      this.#pending.set(id, { member, resolve, reject, release });
      member.asked();
      signal?.addEventListener('abort', cancelled, { once: true });
    });
  }

  complete(member: Member, completion: CompletionMessage): CompletionOutcome {
    const pending = this.#pending.get(completion.invocationId);
    if (!pending) return 'unknown';
    if (pending.member !== member) return 'foreign';
    this.#settle(completion.invocationId)?.resolve(completion);
    return 'settled';
  }

  /** Fails everything that `member` still owes. */
  abandon(member: Member): void {
    for (const [id, pending] of this.#pending) {
      if (pending.member !== member) continue;
      this.#settle(id)?.reject(codedError('SIGNALBOX_CONNECTION_GONE', { connectionId: member.connectionId }));
    }
  }

  close(): void {
    for (const id of this.#pending.keys())
      this.#settle(id)?.reject(codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'waiting for a client result' }));
  }

  #settle(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#pending.delete(id);
    pending.release();
    pending.member.answered();
    return pending;
  }
}
