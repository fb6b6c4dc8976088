import type { Member } from '../backplane/member.ts';
import type { Registry } from '../backplane/registry.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Log } from '../base/log.ts';
import { isPromise } from '../base/promise.ts';
import { EncodedMessage } from '../protocol/hub/encoded-message.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { CatchUp } from './catch-up.ts';
import type { ChannelMeaning, HubChannels } from './channels.ts';
import { GroupAction, readGroupCommand, readInvocation, writeAck, type GroupCommand, type Invocation } from './envelope.ts';
import type { ForeignPayloads } from './foreign-payloads.ts';
import type { GroupChanges } from './group-changes.ts';
import { GroupSends } from './group-sends.ts';
import type { HeardMessages } from './heard.ts';
import { redisEvents } from './log-events.ts';
import type { OwedAnswers } from './owed-answers.ts';
import type { Presence } from './presence.ts';
import type { Publisher } from './publisher.ts';
import type { Questions } from './questions.ts';

/** What a receiver passes on to. */
export interface ReceiverParts {
  readonly channels: HubChannels;
  readonly publisher: Publisher;
  readonly protocols: readonly HubProtocol[];
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly registry: Registry;
  readonly foreign: ForeignPayloads;
  readonly heard: HeardMessages;
  /** Undefined where nothing is kept. */
  readonly catchUp: CatchUp | undefined;
  /** Undefined likewise: .NET servers say nothing of the kind. */
  readonly presence: Presence | undefined;
  readonly changes: GroupChanges;
  readonly questions: Questions;
  readonly owed: OwedAnswers;
  join(connectionId: string, group: string): void | Promise<void>;
  leave(connectionId: string, group: string): void;
}

/** Something that came, and how. */
interface Received {
  readonly channel: string;
  readonly payload: Buffer;
  readonly age: number;
  readonly own: boolean;
}

type AudienceKind = Extract<ChannelMeaning['kind'], 'all' | 'connection' | 'user' | 'group'>;

const NOBODY: ReadonlySet<string> = new Set();

/** Takes what Redis brings to one hub. Nothing of it throws, and nobody's socket is waited for. */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #sends: GroupSends;
  #untranslatable = false;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#sends = new GroupSends(parts.wheel);
  }

  /**
   * @param age - milliseconds that it has been kept by Redis
   * @param own - whether it is this server's, and served directly
   */
  receive(channel: string, payload: Buffer, age = 0, own = false): void {
    const meaning = this.#parts.channels.meaning(channel);
    if (meaning !== undefined && !this.#take({ channel, payload, age, own }, meaning))
      this.#parts.foreign.add(meaning.kind, payload.length);
  }

  close(): void {
    this.#sends.close();
  }

  /** Returns false for a payload that means nothing on such a channel. */
  #take(received: Received, meaning: ChannelMeaning): boolean {
    const { kind, name } = meaning;
    const { payload } = received;
    if (kind === 'groups') return this.#change(received);
    if (kind === 'catch-up') return this.#parts.presence?.take(payload) ?? true;
    if (kind === 'ack') return this.#parts.changes.acknowledged(payload);
    if (kind === 'return') return this.#parts.questions.answered(payload);
    const invocation = readInvocation(payload);
    if (invocation === undefined) return false;
    if (invocation.position === undefined && invocation.returnPath === undefined && !received.own) this.#parts.catchUp?.sawOthers();
    if (this.#isNext(received, invocation)) this.#deliver(kind, name, invocation);
    return true;
  }

  /** Whether nothing is missing before it, and it has not been heard. */
  #isNext({ channel, payload, age }: Received, { mark, position }: Pick<Invocation, 'mark' | 'position'>): boolean {
    const { heard, catchUp, wheel } = this.#parts;
    if (position !== undefined && catchUp?.inOrder(channel, payload, position) === false) return false;
    return mark === undefined || heard.isNew(channel, mark, wheel.now(), age);
  }

  #deliver(kind: AudienceKind, name: string, invocation: Invocation): void {
    const { protocols, registry } = this.#parts;
    const { excluded, forms, mark } = invocation;
    const message = new EncodedMessage(forms, protocols);
    for (const protocol of protocols) if (!forms.has(protocol.name)) this.#checkTranslated(message, protocol);
    switch (kind) {
      case 'connection':
        return this.#deliverToConnection(name, invocation, message);
      // Exclusions mean nothing to users and connections.
      case 'user':
        return registry.deliver({ to: 'users', ids: [name] }, message);
      case 'group':
        if (mark?.several === true) return this.#sends.deliver(mark, registry.inGroup(name), setOf(excluded), message);
        return registry.deliver({ to: 'groups', names: [name], except: excluded }, message);
      case 'all':
        return registry.deliver({ to: 'all', except: excluded }, message);
    }
  }

  #deliverToConnection(id: string, { returnPath, forms }: Invocation, message: EncodedMessage): void {
    const { registry, owed, protocols } = this.#parts;
    const member: Member | undefined = registry.get(id);
    if (returnPath === undefined) return member?.deliver(message);
    // What the asking server writes, it reads.
    const known = protocols.find(({ name }) => forms.has(name)) ?? protocols[0];
    if (member === undefined) return known && owed.refuse(returnPath, known);
    const protocol = forms.has(member.protocol.name) ? member.protocol : (known ?? member.protocol);
    owed.ask(member, returnPath, message, protocol);
  }

  /** Says once that a server of the farm writes too few protocols. */
  #checkTranslated(message: EncodedMessage, protocol: HubProtocol): void {
    if (this.#untranslatable || message.payload(protocol) !== undefined) return;
    this.#untranslatable = true;
    this.#parts.log(redisEvents.untranslatable, { protocol: protocol.name });
  }

  #change(received: Received): boolean {
    const command = readGroupCommand(received.payload);
    if (command === undefined) return false;
    if (!this.#isNext(received, command)) return true;
    if (this.#parts.registry.get(command.connectionId) === undefined) return true;
    try {
      const changed = this.#apply(command);
      if (isPromise(changed)) changed.then(() => this.#acknowledge(command), this.#failed);
      else this.#acknowledge(command);
    } catch (error) {
      this.#failed(error);
    }
    return true;
  }

  #apply({ action, connectionId, group }: GroupCommand): void | Promise<void> {
    if (action === GroupAction.add) return this.#parts.join(connectionId, group);
    // The reference server acknowledges what it does not know, too.
    if (action === GroupAction.remove) this.#parts.leave(connectionId, group);
  }

  #acknowledge({ id, server }: GroupCommand): void {
    const { publisher, channels } = this.#parts;
    publisher.tell(channels.ackOf(server), writeAck(id), { awaited: true }).catch(this.#failed);
  }

  readonly #failed = (error: unknown): void => {
    this.#parts.log(redisEvents.internalMessageFailed, {}, error);
  };
}

function setOf(ids: readonly string[]): ReadonlySet<string> {
  return ids.length === 0 ? NOBODY : new Set(ids);
}
