import { SharedPayload } from '../../base/payload.ts';
import type { HubProtocol } from './hub-protocol.ts';
import type { HubMessage } from './message.ts';

/** What goes to clients, each of which gets it in its own hub protocol. */
export interface OutboundMessage {
  /**
   * Its bytes in `protocol`, framing included; undefined where there are none for clients of that protocol.
   *
   * @throws TypeError when a value can't be represented in that protocol
   */
  payload(protocol: HubProtocol): SharedPayload | undefined;
}

/** A message for many clients: encoded at most once in each hub protocol, however many connections it goes to. */
export class SharedMessage implements OutboundMessage {
  readonly message: HubMessage;
  #protocol: HubProtocol | undefined;
  #payload: SharedPayload | undefined;
  #others: Map<HubProtocol, SharedPayload> | undefined;

  constructor(message: HubMessage) {
    this.message = message;
  }

  /**
   * The message's bytes in `protocol`.
   *
   * @throws TypeError when a value can't be represented in that protocol
   */
  payload(protocol: HubProtocol): SharedPayload {
    if (this.#protocol === protocol && this.#payload !== undefined) return this.#payload;
    return this.#protocol === undefined ? this.#encodeFirst(protocol) : this.#encodeOther(protocol);
  }

  #encodeFirst(protocol: HubProtocol): SharedPayload {
    const payload = encode(protocol, this.message);
    this.#protocol = protocol;
    this.#payload = payload;
    return payload;
  }

  #encodeOther(protocol: HubProtocol): SharedPayload {
    const known = this.#others?.get(protocol);
    if (known) return known;
    const payload = encode(protocol, this.message);
    (this.#others ??= new Map()).set(protocol, payload);
    return payload;
  }
}

function encode(protocol: HubProtocol, message: HubMessage): SharedPayload {
  const written = protocol.write(message);
  return new SharedPayload(
    typeof written === 'string' ? Buffer.from(written) : Buffer.from(written.buffer, written.byteOffset, written.byteLength),
  );
}
