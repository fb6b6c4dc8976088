import type { Member } from '../backplane/member.ts';
import type { Log } from '../base/log.ts';
import type { Payload } from '../base/payload.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { writeHandshakeResponse } from '../protocol/hub/handshake.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import { DataType, FlowControlOperation } from '../protocol/service/codes.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import type { ClientIdentity } from './client-identity.ts';
import { ClientMigration, type MovableClient } from './client-migration.ts';
import { clientHandshake, migratedFrom, openConnection } from './client-opening.ts';
import { controlFlow, relayBytes, tellGone, tellMoved } from './client-uplink.ts';
import { byteLength, HeldData } from './held-data.ts';
import { serviceEvents } from './log-events.ts';
import type { ServiceSettings } from './options.ts';
import { recordEnds, type RecordEnds } from './record-ends.ts';
import type { RelayedProtocol } from './relayed-protocol.ts';
import type { LinkedClient, ServerLink } from './server-link.ts';
import type { Traffic } from './traffic.ts';

const NOTHING = Buffer.alloc(0);
const ADMITTED = writeHandshakeResponse();

/** What a client needs of its hub. */
export interface ClientHost {
  readonly name: string;
  /** Of this node. */
  readonly instanceId: string;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly traffic: Traffic;
  /** The server connection for a client; undefined where there is none. */
  choose(identity: ClientIdentity): ServerLink | undefined;
  /** A client is bound to an app server: it can be sent to. */
  entered(client: ServiceClient, link: ServerLink): void;
  left(client: ServiceClient): void;
  /** A server connection of another app server, for a client that has to move; undefined where there is none. */
  another(client: ServiceClient): ServerLink | undefined;
  /** A client has moved to another app server. */
  moved(client: ServiceClient, link: ServerLink): void;
  /** Whether a client's app server waits for a client result of it. */
  owes(client: ServiceClient): boolean;
}

/**
 * One client of the service: its handshake request is read, an app server is chosen, and from then on bytes go both ways as they are. The app
 * server answers the handshake; what others send the client before that waits here.
 */
export class ServiceClient implements ConnectionListener, Member, LinkedClient, MovableClient {
  readonly identity: ClientIdentity;
  readonly #connection: Connection;
  readonly #host: ClientHost;
  /** Bytes before the handshake request is whole. */
  #greeting = NOTHING;
  #patience: Timer | undefined;
  #relayed: RelayedProtocol | undefined;
  #ends: RecordEnds | undefined;
  #link: ServerLink | undefined;
  /** Until the app server has answered the handshake. */
  #held: HeldData | undefined;
  /** Where its app server lets it be moved. */
  #migration: ClientMigration | undefined;
  /** The app server was told to send nothing. */
  #pausing = false;
  /** It has moved, and its new app server has sent nothing yet. */
  #arriving = false;
  /** The app server has sent it a close message. */
  #dismissed = false;
  #ended = false;

  constructor(connection: Connection, identity: ClientIdentity, host: ClientHost) {
    this.#connection = connection;
    this.identity = identity;
    this.#host = host;
  }

  /** Begins to read. */
  start(): void {
    const { wheel, settings } = this.#host;
    this.#patience = new Timer(() => this.#refuse('Handshake was canceled.'));
    wheel.arm(this.#patience, this.identity.handshakeTimeout ?? settings.handshakeTimeout);
    this.#connection.receive(this);
  }

  get connectionId(): string {
    return this.#connection.id;
  }

  get userId(): string | undefined {
    return this.identity.userId;
  }

  /** Where its bytes go. */
  get link(): ServerLink | undefined {
    return this.#link;
  }

  // ConnectionListener

  received(chunk: Buffer): void {
    if (this.#ended) return;
    if (this.#link === undefined) this.#greet(chunk);
    else this.#relay(chunk);
  }

  drained(): void {
    if (!this.#pausing) return;
    this.#pausing = false;
    if (this.#link !== undefined) controlFlow(this.#link, this, FlowControlOperation.resume);
  }

  expired(): void {
    this.end(undefined, true);
  }

  dismissed(reason: Error): void {
    this.end(reason.message, false);
  }

  closed(error: Error | undefined): void {
    if (this.#ended) return;
    this.#tellGone(error?.message ?? '');
    this.#finish();
  }

  // LinkedClient

  hold(): void {
    this.#connection.pause();
  }

  release(): void {
    this.#connection.resume();
  }

  serverLost(): void {
    this.#migration?.stop();
    this.#link = undefined;
    this.end(undefined, true);
  }

  migrate(): void {
    this.#migration?.begin();
  }

  // MovableClient

  get admitted(): boolean {
    return this.#held === undefined && !this.#dismissed;
  }

  get owes(): boolean {
    return this.#host.owes(this);
  }

  destination(): ServerLink | undefined {
    return this.#host.another(this);
  }

  read(): void {
    if (this.#link?.holds(this) !== true) this.release();
  }

  moveTo(link: ServerLink, request: Buffer): void {
    const from = this.#link as ServerLink;
    tellMoved(from, this, link);
    from.unbind(this);
    this.#link = link;
    this.#arriving = true;
    // The new app server has not been told to send nothing.
    this.#pausing = false;
    if (!link.traits.migrates) this.#migration = undefined;
    this.#introduce(link, request, [migratedFrom(from.traits.serverId)]);
    this.#host.moved(this, link);
  }

  callsLost(calls: number, serverId: string): void {
    this.#host.log(serviceEvents.callsLost, { hub: this.#host.name, connectionId: this.connectionId, serverId, calls });
  }

  // Member

  get protocol(): HubProtocol {
    return (this.#relayed as RelayedProtocol).protocol;
  }

  deliver(message: OutboundMessage): void {
    if (this.#ended || this.#relayed === undefined) return;
    const payload = message.payload(this.#relayed.protocol);
    if (payload === undefined) return;
    if (this.#held === undefined) this.write(payload);
    else this.#hold(this.#held, payload);
  }

  asked(): void {
    // Every client is read as long as its app server takes what comes.
  }

  answered(): void {
    this.#migration?.look();
  }

  /** The app server sends it something. Libraries before 2024 do not say what it is. */
  relayBack(payload: Buffer, dataType: number | undefined): void {
    if (this.#ended) return;
    if (dataType === DataType.close) this.#dismissed = true;
    const arriving = this.#arriving;
    this.#arriving = false;
    // Without a word about what it is, nothing comes before the answer to the handshake.
    if (this.#held !== undefined) this.#relayEarly(this.#held, payload, (dataType ?? DataType.handshake) === DataType.handshake);
    else if (!arriving || !this.#isAnswer(payload, dataType)) this.#relayLate(payload);
    if (this.#dismissed && this.#link?.leaving === true) this.closedByServer();
  }

  /** The app server has ended it, and said to the client what there was to say. */
  closedByServer(): void {
    if (this.#ended) return;
    // Who was not let in hears why by the answer to the handshake; one that never came is made up for.
    if (this.#held !== undefined) this.#connection.write(writeHandshakeResponse('The app server closed the connection.'));
    this.#finish();
    this.#connection.close();
  }

  /** Ends it, and tells both sides. */
  end(error: string | undefined, allowReconnect: boolean): void {
    if (this.#ended) return;
    if (this.#dismissed) return this.closedByServer();
    if (this.#relayed === undefined || this.#held !== undefined) return this.#refuse(error ?? 'The connection was closed by the service.');
    const farewell = this.#relayed.close(error, allowReconnect);
    if (farewell !== undefined) this.#connection.write(farewell);
    this.#tellGone(error ?? '');
    this.#finish();
    this.#connection.close();
  }

  #greet(chunk: Buffer): void {
    const bytes = this.#greeting.length === 0 ? chunk : Buffer.concat([this.#greeting, chunk]);
    const { settings } = this.#host;
    const outcome = clientHandshake(bytes, settings.maximumHandshakeSize);
    if (outcome === undefined) {
      this.#greeting = Buffer.from(bytes);
      return;
    }
    this.#greeting = NOTHING;
    if ('refused' in outcome) return this.#refuse(outcome.refused);
    const link = this.#host.choose(this.identity);
    if (link === undefined) {
      this.#host.log(serviceEvents.noServer, { hub: this.#host.name, connectionId: this.connectionId });
      return this.#refuse('No app server is connected for this hub. Try again later.');
    }
    this.#open(link, outcome.protocol, bytes.subarray(0, outcome.end));
    if (outcome.end < bytes.length) this.#relay(bytes.subarray(outcome.end));
  }

  #open(link: ServerLink, relayed: RelayedProtocol, request: Buffer): void {
    if (this.#patience) this.#host.wheel.cancel(this.#patience);
    this.#patience = undefined;
    this.#relayed = relayed;
    this.#ends = recordEnds(relayed.framing);
    this.#held = new HeldData(this.#host.settings.maximumHeldBytes);
    this.#link = link;
    this.#connection.format = relayed.protocol.format;
    this.#host.entered(this, link);
    if (link.traits.migrates && relayed.head !== undefined) {
      const { settings, wheel } = this.#host;
      this.#migration = new ClientMigration(this, { relayed, ends: this.#ends, settings, wheel }, request);
    }
    this.#introduce(link, request, []);
  }

  /** @param more - headers besides its own */
  #introduce(link: ServerLink, request: Buffer, more: readonly (readonly [string, string])[]): void {
    const { instanceId, settings } = this.#host;
    const opening = { connection: this.#connection, identity: this.identity, protocol: this.protocol.name, instanceId };
    link.tell(openConnection(opening, settings.trustForwardedFor, more));
    this.send(request, false);
  }

  /** In pieces: whole messages, and then what has come of the next one. */
  #relay(chunk: Buffer): void {
    const ends = this.#ends as RecordEnds;
    const before = ends.records;
    if (this.#migration === undefined) {
      const end = ends.take(chunk);
      this.send(chunk.subarray(0, end), false);
      this.send(chunk.subarray(end), true);
    } else this.#migration.received(chunk);
    this.#host.traffic.came(ends.records - before, chunk.length);
  }

  send(bytes: Buffer, partial: boolean): void {
    if (this.#link !== undefined) relayBytes(this.#link, this, bytes, partial);
  }

  write(payload: Payload): void {
    this.#host.traffic.went(byteLength(payload));
    if (this.#connection.write(payload) || this.#pausing || this.#ended) return;
    this.#pausing = true;
    if (this.#link !== undefined) controlFlow(this.#link, this, FlowControlOperation.pause);
  }

  /** Before the answer to the handshake, and with it: what waited follows it. */
  #relayEarly(held: HeldData, payload: Buffer, answersHandshake: boolean): void {
    if (!answersHandshake) return this.#hold(held, payload);
    const waiting = held.take();
    this.#held = undefined;
    this.write(payload);
    for (const one of waiting) this.write(one);
    this.#migration?.look();
  }

  #relayLate(payload: Buffer): void {
    this.write(payload);
    this.#migration?.relayed(payload);
  }

  /** Whether a client that has moved is answered its handshake, as it was before. */
  #isAnswer(payload: Buffer, dataType: number | undefined): boolean {
    return dataType === undefined ? payload.toString() === ADMITTED : dataType === DataType.handshake;
  }

  #hold(held: HeldData, payload: Payload): void {
    if (held.add(payload)) return;
    const limit = this.#host.settings.maximumHeldBytes;
    this.#host.log(serviceEvents.heldTooMuch, { hub: this.#host.name, connectionId: this.connectionId, limit });
    this.end('The app server sent too much before it answered the handshake.', true);
  }

  /** It never got as far as a hub's messages. */
  #refuse(reason: string): void {
    if (this.#ended) return;
    this.#host.log(serviceEvents.clientRefused, { hub: this.#host.name, connectionId: this.connectionId, reason });
    this.#connection.write(writeHandshakeResponse(reason));
    this.#tellGone(reason);
    this.#finish();
    this.#connection.close();
  }

  #tellGone(error: string): void {
    this.#migration?.stay();
    if (this.#link !== undefined) tellGone(this.#link, this, error);
  }

  #finish(): void {
    this.#ended = true;
    if (this.#patience) this.#host.wheel.cancel(this.#patience);
    this.#held = undefined;
    this.#migration?.stop();
    this.#link?.unbind(this);
    this.#host.left(this);
    this.#link = undefined;
  }
}
