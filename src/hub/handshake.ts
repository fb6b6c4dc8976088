import { parseHandshakeRequest } from '../protocol/hub/handshake.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { errorText } from './error-text.ts';
import type { HubSettings } from './options.ts';

/** The protocol to go on with. */
export interface Agreement {
  readonly protocol: HubProtocol;
  readonly version: number;
}

/** How a handshake came out: the protocol to go on with, or the text that refuses it. */
export type HandshakeOutcome = Agreement | { readonly refused: string };

const SEPARATOR = 0x1e;

/** Collects the first record of a connection, in whatever pieces it comes, and agrees on a protocol. */
export class Handshake {
  readonly #settings: HubSettings;
  readonly #protocols: readonly HubProtocol[];
  readonly #binary: boolean;
  #received: Buffer = Buffer.alloc(0);

  /** @param binary - whether the transport can carry a binary protocol */
  constructor(settings: HubSettings, protocols: readonly HubProtocol[], binary: boolean) {
    this.#settings = settings;
    this.#protocols = protocols;
    this.#binary = binary;
  }

  /** What followed the handshake. */
  get rest(): Buffer {
    return this.#received;
  }

  /** Takes more bytes. Undefined while the record is not whole. */
  push(chunk: Buffer): HandshakeOutcome | undefined {
    const limit = this.#settings.maximumReceiveMessageSize ?? Number.POSITIVE_INFINITY;
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = bytes.indexOf(SEPARATOR);
    if ((end < 0 ? bytes.length : end + 1) > limit) return { refused: errorText.handshakeCancelled };
    if (end < 0) {
      this.#received = Buffer.from(bytes);
      return undefined;
    }
    this.#received = bytes.subarray(end + 1);
    return this.#agree(bytes.subarray(0, end));
  }

  #agree(record: Buffer): HandshakeOutcome {
    try {
      const { protocol: name, version } = parseHandshakeRequest(record);
      return this.#choose(name, version);
    } catch (error) {
      return { refused: errorText.handshakeFailed(error, this.#settings.enableDetailedErrors) };
    }
  }

  #choose(name: string, version: number): HandshakeOutcome {
    const wanted = name.toLowerCase();
    const { supportedProtocols } = this.#settings;
    const offered = supportedProtocols === null || supportedProtocols.includes(wanted);
    const protocol = offered ? this.#protocols.find(({ name: known }) => known === wanted) : undefined;
    if (protocol === undefined) return { refused: errorText.protocolNotSupported(name) };
    if (version > protocol.version) return { refused: errorText.versionNotSupported(protocol.name, version) };
    if (protocol.format === 'binary' && !this.#binary) return { refused: errorText.formatNotSupported(protocol.name) };
    return { protocol, version };
  }
}
