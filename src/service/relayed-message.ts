import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import { MeteredPayload } from './metered-payload.ts';
import { relayedProtocol } from './relayed-protocol.ts';

/** Hub messages by the names of their protocols, as an app server wrote them: nobody here looks into them. */
export class RelayedMessage implements OutboundMessage {
  readonly #forms: ReadonlyMap<string, Buffer>;
  readonly #group: string | undefined;
  /** Each is framed once for all its receivers. */
  readonly #payloads = new Map<string, MeteredPayload>();
  /** What was asked for last: most receivers speak the same. */
  #protocol: HubProtocol | undefined;
  #payload: MeteredPayload | undefined;

  /** @param group - the one group that it is for, where it is for one */
  constructor(forms: ReadonlyMap<string, Buffer>, group?: string) {
    this.#forms = forms;
    this.#group = group;
  }

  /** Undefined where the app server wrote nothing for clients of that protocol. */
  payload(protocol: HubProtocol): MeteredPayload | undefined {
    if (this.#protocol === protocol) return this.#payload;
    this.#protocol = protocol;
    this.#payload = this.#find(protocol.name);
    return this.#payload;
  }

  #find(name: string): MeteredPayload | undefined {
    const known = this.#payloads.get(name);
    if (known !== undefined) return known;
    const form = this.#forms.get(name);
    if (form === undefined) return undefined;
    const payload = new MeteredPayload(form, relayedProtocol(name).framing, this.#group);
    this.#payloads.set(name, payload);
    return payload;
  }
}
