import type { Audience } from '../backplane/audience.ts';
import type { Registry } from '../backplane/registry.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { HubChannels } from './channels.ts';
import { renumbered, writeInvocation } from './envelope.ts';
import type { Publisher } from './publisher.ts';

/** What a sender passes on to. */
export interface SenderParts {
  readonly publisher: Publisher;
  readonly channels: HubChannels;
  readonly protocols: readonly HubProtocol[];
  readonly registry: Registry;
  /** What marks this server's messages; undefined to mark none. */
  readonly origin: string | undefined;
}

/** Finds the channels of those who shall hear a message, and writes it for them. */
export class Sender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Rejects and throws as `RedisBackplane.send` says. */
  send(audience: Audience, message: OutboundMessage): void | Promise<void> {
    const { channels } = this.#parts;
    switch (audience.to) {
      case 'all':
        return this.#publish([channels.all], message, audience.except);
      case 'connections':
        return this.#sendToConnections(audience.ids, message);
      case 'groups': {
        const groups = audience.names.length === 1 ? audience.names : named(audience.names);
        const of = groups.map((name) => channels.group(name));
        return this.#publish(of, message, audience.except, groups.length > 1);
      }
      case 'users':
        return this.#publish(
          named(audience.ids).map((id) => channels.user(id)),
          message,
        );
    }
  }

  #sendToConnections(ids: readonly string[], message: OutboundMessage): void | Promise<void> {
    const { registry, channels } = this.#parts;
    const elsewhere: string[] = [];
    for (const id of ids.length === 1 ? ids : named(ids)) {
      const member = registry.get(id);
      if (member === undefined) elsewhere.push(channels.connection(id));
      else member.deliver(message);
    }
    return this.#publish(elsewhere, message, undefined, false, true);
  }

  /** @param numbered - whether the message has a number of its own on each channel, because one stream keeps them all */
  #publish(
    channels: readonly string[],
    message: OutboundMessage,
    except?: readonly string[],
    several = false,
    numbered = false,
  ): void | Promise<void> {
    const [only] = channels;
    if (only === undefined) return;
    const { publisher, protocols, origin } = this.#parts;
    const sequence = origin === undefined ? 0 : publisher.nextSequence();
    const mark = origin === undefined ? undefined : { origin, sequence, several };
    const payload = writeInvocation(message, protocols, except, undefined, mark);
    const sent =
      channels.length === 1
        ? publisher.publish(only, payload, sequence, this.#streamOf(only))
        : this.#publishToEach(channels, payload, sequence, numbered);
    // Who sends an event need not wait for it, and an outage must not end their process.
    sent.catch(ignore);
    return sent;
  }

  async #publishToEach(channels: readonly string[], payload: Buffer, sequence: number, numbered: boolean): Promise<void> {
    const { publisher } = this.#parts;
    const sent = channels.map((channel, at) => {
      if (!numbered || sequence === 0 || at === 0) return publisher.publish(channel, payload, sequence, this.#streamOf(channel));
      const own = publisher.nextSequence();
      return publisher.publish(channel, renumbered(payload, own), own, this.#streamOf(channel));
    });
    await Promise.all(sent);
  }

  #streamOf(channel: string): string | undefined {
    return this.#parts.origin === undefined ? undefined : this.#parts.channels.streamOf(channel);
  }
}

/** Each name once, in order; an empty one among several is nobody's. */
function named(names: readonly string[]): readonly string[] {
  const once = new Set(names);
  once.delete('');
  return [...once];
}

const ignore = (): void => undefined;
