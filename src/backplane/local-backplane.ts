import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { Audience } from './audience.ts';
import type { Backplane, CompletionOutcome } from './backplane.ts';
import { ClientResults } from './client-results.ts';
import type { Member } from './member.ts';
import { Registry } from './registry.ts';

/** The backplane of a server that is alone: everyone is here, so nothing ever has to be waited for. */
export class LocalBackplane implements Backplane {
  readonly #registry = new Registry();
  readonly #results = new ClientResults();
  #closed = false;

  attach(member: Member): void {
    if (this.#closed) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'attaching a connection' });
    this.#registry.add(member);
  }

  detach(member: Member): void {
    this.#registry.remove(member);
    this.#results.abandon(member);
  }

  send(audience: Audience, message: OutboundMessage): void {
    this.#registry.deliver(audience, message);
  }

  join(connectionId: string, group: string): void {
    this.#registry.join(connectionId, group);
  }

  leave(connectionId: string, group: string): void {
    this.#registry.leave(connectionId, group);
  }

  async invoke(connectionId: string, target: string, args: readonly unknown[], cancellation?: Cancellation): Promise<CompletionMessage> {
    if (this.#closed) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'asking a client' });
    const member = this.#registry.get(connectionId);
    if (!member) throw codedError('SIGNALBOX_UNKNOWN_CONNECTION', { connectionId });
    return this.#results.ask(this.#results.nextId(), member, target, args, cancellation);
  }

  complete(member: Member, completion: CompletionMessage): CompletionOutcome {
    return this.#results.complete(member, completion);
  }

  close(): void {
    this.#closed = true;
    this.#results.close();
  }
}
