import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import { SharedMessage } from '../protocol/hub/shared-message.ts';
import type { CompletionOutcome } from './backplane.ts';
import type { Member } from './member.ts';
import { OwedResults, type OwedResult } from './owed-results.ts';

interface Pending extends OwedResult {
  readonly resolve: (completion: CompletionMessage) => void;
  readonly reject: (error: unknown) => void;
}

/** The client results that members of this server owe, by invocation id. */
export class ClientResults {
  readonly #pending = new OwedResults<Pending>();
  #last = 0;

  /** Ids count over the whole hub, as the reference server's do: a client can't tell from one what others are asked. */
  nextId(): string {
    return `s${++this.#last}`;
  }

  /**
   * Asks `member`, under an id that it owes nothing else by, and waits for the answer. Where it can't be asked, nothing is awaited.
   *
   * @throws the cancellation's reason; SignalboxError SIGNALBOX_CONNECTION_GONE when the client leaves first
   */
  ask(
    invocationId: string,
    member: Member,
    target: string,
    args: readonly unknown[],
    cancellation: Cancellation | undefined,
  ): Promise<CompletionMessage> {
    const message = new SharedMessage({ type: MessageType.invocation, invocationId, target, arguments: args });
    return new Promise((resolve, reject) => {
      if (cancellation?.reason !== undefined) throw cancellation.reason;
      member.deliver(message);
      this.#pending.add(invocationId, { member, resolve, reject });
      cancellation?.listen((reason) => this.#pending.take(invocationId)?.reject(reason));
    });
  }

  complete(member: Member, completion: CompletionMessage): CompletionOutcome {
    const pending = this.#pending.takeAnswered(member, completion);
    if (typeof pending === 'string') return pending;
    pending.resolve(completion);
    return 'settled';
  }

  /** Fails everything that `member` still owes. */
  abandon(member: Member): void {
    this.#pending.takeEach(
      (pending) => pending.member === member,
      ({ reject }) => reject(codedError('SIGNALBOX_CONNECTION_GONE', { connectionId: member.connectionId })),
    );
  }

  close(): void {
    this.#pending.takeEach(
      () => true,
      ({ reject }) => reject(codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'waiting for a client result' })),
    );
  }
}
