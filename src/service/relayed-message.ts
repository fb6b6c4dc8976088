import { SharedPayload } from '../base/payload.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';

/** Hub messages by the names of their protocols, as an app server wrote them: nobody here looks into them. */
export class RelayedMessage implements OutboundMessage {
  readonly #forms: ReadonlyMap<string, Buffer>;
  /** Each is framed once for all its receivers. */
  readonly #payloads = new Map<string, SharedPayload>();
  /** What was asked for last: most receivers speak the same. */
  #protocol: HubProtocol | undefined;
  #payload: SharedPayload | undefined;

  constructor(forms: ReadonlyMap<string, Buffer>) {
    this.#forms = forms;
  }

  /** Undefined where the app server wrote nothing for clients of that protocol. */
  payload(protocol: HubProtocol): SharedPayload | undefined {
    if (this.#protocol === protocol) return this.#payload;
    this.#protocol = protocol;
    this.#payload = this.#find(protocol.name);
    return this.#payload;
  }

  #find(name: string): SharedPayload | undefined {
    const known = this.#payloads.get(name);
    if (known !== undefined) return known;
    const form = this.#forms.get(name);
    if (form === undefined) return undefined;
    const payload = new SharedPayload(form);
    this.#payloads.set(name, payload);
    return payload;
  }
}
