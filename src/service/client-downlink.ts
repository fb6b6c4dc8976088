import { byteLengthOf, type Payload } from '../base/payload.ts';
import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import { FlowControlOperation } from '../protocol/service/codes.ts';
import type { Connection } from '../transport/connection.ts';
import { controlFlow } from './client-uplink.ts';
import type { LinkedClient, ServerLink } from './server-link.ts';
import type { StatefulClient } from './stateful-client.ts';
import type { Traffic } from './traffic.ts';

/** A client, and the app server that it has for now. */
interface Client extends LinkedClient {
  readonly link: ServerLink | undefined;
}

/** What goes to one client. Where it takes it too slowly, its app server is told to wait. */
export class ClientDownlink {
  readonly #connection: Connection;
  readonly #stateful: StatefulClient | undefined;
  readonly #traffic: Traffic;
  readonly #client: Client;
  #pausing = false;

  constructor(connection: Connection, stateful: StatefulClient | undefined, traffic: Traffic, client: Client) {
    this.#connection = connection;
    this.#stateful = stateful;
    this.#traffic = traffic;
    this.#client = client;
  }

  /** The answer to the handshake: nothing but that itself is to pass before the client may come back by another socket. */
  begin(answer: Buffer): void {
    if (this.#stateful === undefined) return this.write(answer);
    const end = answer.indexOf(RECORD_SEPARATOR) + 1 || answer.length;
    this.#traffic.went(end);
    this.#connection.write(answer.subarray(0, end));
    this.#stateful.begin();
    if (end < answer.length) this.write(answer.subarray(end));
  }

  write(payload: Payload): void {
    this.#traffic.went(byteLengthOf(payload));
    const taken = this.#stateful === undefined ? this.#connection.write(payload) : this.#stateful.send(payload);
    if (taken || this.#pausing) return;
    this.#pausing = true;
    this.#control(FlowControlOperation.pause);
  }

  /** The client takes more again. */
  writable(): void {
    if (!this.#pausing) return;
    this.#pausing = false;
    this.#control(FlowControlOperation.resume);
  }

  /** The client has another app server, which has not been told to wait. */
  moved(): void {
    this.#pausing = false;
  }

  #control(operation: (typeof FlowControlOperation)['pause' | 'resume']): void {
    const { link } = this.#client;
    if (link !== undefined) controlFlow(link, this.#client, operation);
  }
}
