import type { Peers } from '../backplane/peers.ts';
import type { Registry } from '../backplane/registry.ts';
import type { Log } from '../base/log.ts';
import { isPromise } from '../base/promise.ts';
import { EncodedMessage } from '../protocol/hub/encoded-message.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { readBusMessage, type BusMessage, type BusMessageOf } from './envelope.ts';
import type { Errands } from './errands.ts';
import { busEvents } from './log-events.ts';
import type { OwedAnswers } from './owed-answers.ts';

/** What a receiver passes on to. */
export interface BusReceiverParts {
  readonly hub: string;
  readonly server: string;
  readonly protocols: readonly HubProtocol[];
  readonly log: Log;
  readonly registry: Registry;
  readonly peers: Peers;
  readonly errands: Errands;
  readonly owed: OwedAnswers;
  tell(server: string, message: BusMessage): void;
  join(connectionId: string, group: string): void | Promise<void>;
  leave(connectionId: string, group: string): void;
}

/**
 * Takes what the bus brings to one hub. The subject has done its work then: it says which servers hear a message, and the audience in the message which
 * clients. Nothing of it throws, and nobody's socket is waited for.
 */
export class BusReceiver {
  readonly #parts: BusReceiverParts;
  #foreign = 0;
  #untranslatable = false;

  constructor(parts: BusReceiverParts) {
    this.#parts = parts;
  }

  /** How much came that no server of the farm would say. */
  get foreign(): number {
    return this.#foreign;
  }

  readonly receive = (given: Uint8Array): void => {
    const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    const message = readBusMessage(bytes);
    if (message === undefined) return this.#drop(bytes.length);
    try {
      this.#take(message);
    } catch (error) {
      this.#failed(error);
    }
  };

  #take(message: BusMessage): void {
    const { peers, errands } = this.#parts;
    switch (message.kind) {
      case 'message':
        return this.#parts.registry.deliver(message.audience, this.#encoded(message.forms));
      case 'question':
        return this.#ask(message);
      case 'change':
        return this.#change(message);
      case 'answer':
      case 'done':
        return errands.take(message.id)?.done(message);
      case 'left':
        return this.#left(message.id);
      case 'look':
        return this.#look(message);
      case 'found':
        return errands.found(message.server, message.number, message.connectionIds);
      case 'here':
        return void peers.heard(message.server, message.asks);
      case 'gone':
        return peers.gone(message.server);
    }
  }

  #encoded(forms: ReadonlyMap<string, Buffer>): EncodedMessage {
    const { protocols } = this.#parts;
    const message = new EncodedMessage(forms, protocols);
    if (forms.size < protocols.length && !this.#untranslatable)
      for (const protocol of protocols) if (message.payload(protocol) === undefined) this.#sayUntranslatable(protocol);
    return message;
  }

  /** Once: a server of the farm writes too few protocols. */
  #sayUntranslatable({ name }: HubProtocol): void {
    if (!this.#untranslatable) this.#parts.log(busEvents.untranslatable, { protocol: name });
    this.#untranslatable = true;
  }

  #ask({ id, server, connectionId, forms }: BusMessageOf<'question'>): void {
    const member = this.#parts.registry.get(connectionId);
    if (member === undefined) this.#parts.tell(server, { kind: 'left', id });
    else this.#parts.owed.ask(member, id, server, this.#encoded(forms));
  }

  #change({ id, server, connectionId, group, joins }: BusMessageOf<'change'>): void {
    const parts = this.#parts;
    if (parts.registry.get(connectionId) === undefined) return parts.tell(server, { kind: 'left', id });
    const changed = joins ? parts.join(connectionId, group) : parts.leave(connectionId, group);
    if (isPromise(changed)) changed.then(() => parts.tell(server, { kind: 'done', id }), this.#failed);
    else parts.tell(server, { kind: 'done', id });
  }

  /** Only a server that has no such connection says so, and it may have had it. */
  #left(id: string): void {
    const errand = this.#parts.errands.take(id);
    if (errand === undefined) return;
    errand.seen = true;
    errand.nobody();
  }

  #look({ number, server, connectionIds }: BusMessageOf<'look'>): void {
    if (server === this.#parts.server) return;
    const here = connectionIds.filter((id) => this.#parts.registry.get(id) !== undefined);
    this.#parts.tell(server, { kind: 'found', number, server: this.#parts.server, connectionIds: here });
  }

  #drop(bytes: number): void {
    if (this.#foreign++ === 0) this.#parts.log(busEvents.foreignMessage, { hub: this.#parts.hub, bytes });
  }

  readonly #failed = (error: unknown): void => {
    this.#parts.log(busEvents.messageFailed, { hub: this.#parts.hub }, error);
  };
}
