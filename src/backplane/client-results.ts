import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { CompletionOutcome } from './backplane.ts';
import type { Member } from './member.ts';

interface Pending {
  readonly member: Member;
  readonly resolve: (completion: CompletionMessage) => void;
  readonly reject: (error: unknown) => void;
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
   * @throws the cancellation's reason; SignalboxError SIGNALBOX_CONNECTION_GONE when the client leaves first
   */
  wait(id: string, member: Member, deliver: () => void, cancellation: Cancellation | undefined): Promise<CompletionMessage> {
    return new Promise((resolve, reject) => {
      if (cancellation?.reason !== undefined) throw cancellation.reason;
      deliver();
      this.#pending.set(id, { member, resolve, reject });
      member.asked();
      cancellation?.listen((reason) => this.#settle(id)?.reject(reason));
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
    pending.member.answered();
    return pending;
  }
}
