import { byteLengthOf, bytesOf, type Payload } from '../base/payload.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import { FlowControlOperation } from '../protocol/service/codes.ts';
import { ConnectionError } from '../transport/connection-error.ts';
import type { Connection } from '../transport/connection.ts';
import type { ClientHost } from './client-host.ts';
import { controlFlow } from './client-uplink.ts';
import type { ClientNames } from './client-names.ts';
import { serviceEvents } from './log-events.ts';
import { measure, MeteredPayload } from './metered-payload.ts';
import type { RecordEnds } from './record-ends.ts';
import type { RecordFraming } from './relayed-protocol.ts';
import type { LinkedClient, ServerLink } from './server-link.ts';
import type { StatefulClient } from './stateful-client.ts';

/** A client, and the app server that it has for now. */
interface Client extends LinkedClient {
  readonly link: ServerLink | undefined;
}

export interface DownlinkParts {
  readonly connection: Connection;
  readonly stateful: StatefulClient | undefined;
  readonly host: DownlinkHost;
  /** Of the client's hub protocol; undefined for one that is not known. */
  readonly framing: RecordFraming | undefined;
  /** Undefined where nothing is counted by name. */
  readonly names: ClientNames | undefined;
}

/** What it needs of the client's hub. */
export type DownlinkHost = Pick<ClientHost<never>, 'name' | 'log' | 'meter' | 'settings' | 'maximumQueuedBytes'>;

/** What goes to one client, and is counted. Where it takes it too slowly, its app server is told to wait. */
export class ClientDownlink {
  readonly #connection: Connection;
  readonly #stateful: StatefulClient | undefined;
  readonly #meter: HubMeter;
  readonly #framing: RecordFraming | undefined;
  readonly #names: ClientNames | undefined;
  readonly #bills: boolean;
  readonly #host: DownlinkHost;
  readonly #client: Client;
  /** A message that the app server sends in pieces. */
  #open: RecordEnds | undefined;
  #pausing = false;

  constructor({ connection, stateful, host, framing, names }: DownlinkParts, client: Client) {
    this.#connection = connection;
    this.#stateful = stateful;
    this.#meter = host.meter;
    this.#framing = framing;
    this.#names = names;
    this.#bills = host.settings.metering.messages;
    this.#host = host;
    this.#client = client;
  }

  /** The answer to the handshake, which is free: nothing but that itself is to pass before the client may come back by another socket. */
  begin(answer: Buffer): void {
    const end = answer.indexOf(RECORD_SEPARATOR) + 1 || answer.length;
    this.#meter.messagesToClients++;
    this.#meter.bytesToClients += end;
    this.#connection.write(answer.subarray(0, end));
    this.#stateful?.begin();
    if (end < answer.length) this.write(answer.subarray(end));
  }

  write(payload: Payload): void {
    if (!this.#bills) this.#meter.bytesToClients += byteLengthOf(payload);
    else if (Buffer.isBuffer(payload)) this.#count(payload);
    else if (payload instanceof MeteredPayload && this.#open === undefined) this.#countShared(payload);
    else this.#count(bytesOf(payload));
    if (this.#meter.latency.toClient.due()) this.#time();
    const taken = this.#stateful === undefined ? this.#connection.write(payload) : this.#stateful.send(payload);
    if (taken) return;
    if (this.#connection.queued > this.#host.maximumQueuedBytes) return this.#cut();
    if (this.#pausing) return;
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

  #countShared(payload: MeteredPayload): void {
    this.#meter.messagesToClients += payload.messages;
    this.#meter.billedToClients += payload.billed;
    this.#meter.bytesToClients += payload.bytes.length;
    this.#names?.shared(payload);
  }

  #count(bytes: Buffer): void {
    this.#meter.bytesToClients += bytes.length;
    const begun = this.#open;
    if (begun === undefined) {
      const { messages, billed, open } = measure(bytes, this.#framing);
      this.#meter.messagesToClients += messages;
      this.#meter.billedToClients += billed;
      if (open !== undefined) this.#open = open;
    } else {
      const { records, billed } = begun;
      begun.take(bytes);
      this.#meter.messagesToClients += begun.records - records;
      this.#meter.billedToClients += begun.billed - billed;
      if (begun.whole) this.#open = undefined;
    }
    this.#names?.sent(bytes);
  }

  /** What another node has for the client was not read here. */
  #time(): void {
    const { toClient, servedAt } = this.#meter.latency;
    if (servedAt !== undefined) this.#connection.whenTaken?.(toClient.start(servedAt));
  }

  #cut(): void {
    const { name: hub, log, maximumQueuedBytes: most } = this.#host;
    const { queued } = this.#connection;
    log(serviceEvents.queueExceeded, { hub, connectionId: this.#client.connectionId, queued, most });
    this.#connection.abort(
      new ConnectionError('slow', `The client reads too slowly: ${queued} bytes were waiting for it, and the limit is ${most}.`),
    );
  }

  #control(operation: (typeof FlowControlOperation)['pause' | 'resume']): void {
    const { link } = this.#client;
    if (link !== undefined) controlFlow(link, this.#client, operation);
  }
}
