import { SharedPayload } from '../../base/payload.ts';
import type { HubProtocol } from './hub-protocol.ts';
import type { HubMessage } from './message.ts';
import type { OutboundMessage } from './shared-message.ts';

/**
 * A message that another server has written already, in one hub protocol or more. Its bytes go to clients as they are. For a protocol that
 * is missing they are read in another and written anew, which keeps what that other can say: out of JSON, bytes are base64 text.
 */
export class EncodedMessage implements OutboundMessage {
  readonly #forms: ReadonlyMap<string, Buffer>;
  readonly #protocols: readonly HubProtocol[];
  readonly #payloads = new Map<string, SharedPayload | undefined>();

  /**
   * @param forms - the framed bytes by the name of their protocol
   * @param protocols - those that can be read, for a protocol that is missing
   */
  constructor(forms: ReadonlyMap<string, Buffer>, protocols: readonly HubProtocol[]) {
    this.#forms = forms;
    this.#protocols = protocols;
  }

  /** Undefined where it was not written in the protocol, and can't be translated. */
  payload(protocol: HubProtocol): SharedPayload | undefined {
    const { name } = protocol;
    const known = this.#payloads.get(name);
    if (known !== undefined || this.#payloads.has(name)) return known;
    const bytes = this.#forms.get(name) ?? this.#translate(protocol);
    const payload = bytes && new SharedPayload(bytes);
    this.#payloads.set(name, payload);
    return payload;
  }

  #translate(target: HubProtocol): Buffer | undefined {
    for (const source of this.#protocols) {
      const bytes = this.#forms.get(source.name);
      const translated = bytes && translate(bytes, source, target);
      if (translated !== undefined) return translated;
    }
    return undefined;
  }
}

function translate(bytes: Buffer, source: HubProtocol, target: HubProtocol): Buffer | undefined {
  const messages: HubMessage[] = [];
  try {
    const end = source.parse(bytes, 0, 0, (message) => {
      if (message.type === 'bindingFailure') return false;
      messages.push(message);
      return true;
    });
    if (end !== bytes.length || messages.length === 0) return undefined;
    return Buffer.concat(messages.map((message) => Buffer.from(target.write(message) as Uint8Array)));
  } catch {
    return undefined;
  }
}
