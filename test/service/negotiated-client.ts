import type { JWTPayload } from 'jose';
import { expect } from 'vitest';
import { ask, type Answered } from '../transport/http-client.ts';
import { RawClient } from './raw-client.ts';
import { tokenFor, type ServiceRig } from './rig.ts';

/** How a client negotiates. */
export interface NegotiationTraits {
  readonly hub?: string;
  readonly claims?: JWTPayload;
  /** More of the query, with its `&`. */
  readonly query?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function negotiateAt(rig: ServiceRig, traits: NegotiationTraits = {}): Promise<Answered> {
  const { hub = 'chat', claims = {}, query = '', headers = {} } = traits;
  const token = traits.token ?? (await tokenFor('client', hub, claims));
  return ask(`${rig.url}/client/negotiate?hub=${hub}${query}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, ...headers },
  });
}

/** What a client was told at negotiation. */
export interface Negotiated {
  readonly connectionId: string;
  readonly connectionToken: string;
  readonly useStatefulReconnect?: boolean;
  readonly error?: string;
  readonly availableTransports: readonly { readonly transport: string }[];
}

/** A client that has negotiated, and may come by one WebSocket after the other. */
export class NegotiatedClient {
  readonly negotiated: Negotiated;
  socket: RawClient | undefined;
  readonly #rig: ServiceRig;
  readonly #token: string;

  private constructor(rig: ServiceRig, token: string, negotiated: Negotiated) {
    this.#rig = rig;
    this.#token = token;
    this.negotiated = negotiated;
  }

  /** Asks for stateful reconnect. */
  static async negotiate(rig: ServiceRig, claims: JWTPayload = {}): Promise<NegotiatedClient> {
    const token = await tokenFor('client', 'chat', claims);
    const answer = await negotiateAt(rig, { token, query: '&negotiateVersion=1&useStatefulReconnect=true' });
    expect(answer.status).toBe(200);
    return new NegotiatedClient(rig, token, JSON.parse(answer.body) as Negotiated);
  }

  get id(): string {
    return this.negotiated.connectionId;
  }

  get raw(): RawClient {
    if (this.socket === undefined) throw new Error('The client has no socket.');
    return this.socket;
  }

  /** Opens a socket, the first one or another. */
  async open(): Promise<RawClient> {
    this.socket = await RawClient.dial(this.#rig, { token: this.#token, query: `&id=${this.negotiated.connectionToken}` });
    return this.socket;
  }

  /** Opens the first socket, and asks for a hub protocol. */
  async shake(protocol = 'json', version = 2): Promise<RawClient> {
    const raw = await this.open();
    raw.say({ protocol, version });
    return raw;
  }
}
