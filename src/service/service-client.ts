import type { Member } from '../backplane/member.ts';
import type { Payload } from '../base/payload.ts';
import type { CloseCategory } from '../metering/close-category.ts';
import { writeHandshakeResponse } from '../protocol/hub/handshake.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import { DataType } from '../protocol/service/codes.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import { ClientAdmission, type AdmissionRequest } from './client-admission.ts';
import { ClientDownlink } from './client-downlink.ts';
import { transportCategory } from './client-end.ts';
import type { ClientHost } from './client-host.ts';
import type { ClientIdentity } from './client-identity.ts';
import { ClientIntake, LAST_WORDS, type LimitedClient } from './client-intake.ts';
import { ClientMigration, type MovableClient } from './client-migration.ts';
import { ClientNames } from './client-names.ts';
import { isAcceptance, isAnswer, migratedFrom, openConnection } from './client-opening.ts';
import { relayBytes, relayPieces, tellGone, tellMoved, tellReconnected } from './client-uplink.ts';
import { serviceEvents } from './log-events.ts';
import { recordEnds, type RecordEnds } from './record-ends.ts';
import type { RelayedProtocol } from './relayed-protocol.ts';
import type { LinkedClient, ServerLink } from './server-link.ts';
import { NO_SERVER, noServerCategory } from './server-links.ts';
import { StatefulClient, type StatefulClientLife } from './stateful-client.ts';

/**
 * One client of the service: its handshake request is read, an app server is chosen, and from then on bytes go both ways as they are. The app
 * server answers the handshake; what others send the client before that waits.
 */
export class ServiceClient implements ConnectionListener, Member, LinkedClient, LimitedClient, MovableClient, StatefulClientLife {
  readonly identity: ClientIdentity;
  readonly connection: Connection;
  readonly #host: ClientHost<ServiceClient>;
  /** Until the app server has answered the handshake. */
  #admission: ClientAdmission | undefined;
  #relayed: RelayedProtocol | undefined;
  #ends: RecordEnds | undefined;
  #link: ServerLink | undefined;
  #downlink: ClientDownlink | undefined;
  /** Where something limits what it sends. */
  #intake: ClientIntake | undefined;
  /** Where the client may come back by another socket. */
  #stateful: StatefulClient | undefined;
  /** Where its app server lets it be moved. */
  #migration: ClientMigration | undefined;
  /** What came while the app server had enough; nothing more is read then. */
  #unsent: Buffer | undefined;
  /** It is not read for now. */
  #holding = false;
  /** It has moved, and its new app server has sent nothing yet. */
  #arriving = false;
  /** The app server has sent it a close message. */
  #dismissed = false;
  #ended = false;

  constructor(connection: Connection, identity: ClientIdentity, host: ClientHost<ServiceClient>) {
    this.connection = connection;
    this.identity = identity;
    this.#host = host;
    host.came();
  }

  /** Begins to read. */
  start(): void {
    const { wheel, settings } = this.#host;
    const timeout = this.identity.handshakeTimeout ?? settings.handshakeTimeout;
    this.#admission = new ClientAdmission(wheel, settings, timeout, () => this.#refuse('Handshake was canceled.', 'HandshakeError'));
    this.#host.meter.opened('Client');
    this.connection.receive(this);
  }

  get connectionId(): string {
    return this.connection.id;
  }

  get userId(): string | undefined {
    return this.identity.userId;
  }

  /** Where its bytes go. */
  get link(): ServerLink | undefined {
    return this.#link;
  }

  /** Whether it may come back by another socket. */
  get stateful(): boolean {
    return this.connection.negotiatedReconnect === true;
  }

  // ConnectionListener

  received(chunk: Buffer): void {
    if (this.#ended) return;
    this.#host.meter.bytesFromClients += chunk.length;
    if (this.#link === undefined) this.#greet(chunk);
    else this.#receive(chunk);
  }

  drained(): void {
    if (this.#stateful === undefined) this.writable();
    else this.#stateful.drained();
  }

  expired(): void {
    this.end(undefined, true, 'Unauthorized');
  }

  dismissed(reason: Error): void {
    this.end(reason.message, false, transportCategory(reason));
  }

  closed(error: Error | undefined): void {
    if (this.#ended || this.#intake?.flush() === false) return;
    // Its last words still go to its app server, unless they are what keeps that from the words of others.
    if (this.#unsent !== undefined && this.#unsent.length <= LAST_WORDS) this.#relay(this.#unsent);
    this.#tellGone(error?.message ?? '');
    if (this.#dismissed && this.#ends?.saidGoodbye !== true) this.#finish('ClosedByAppServer');
    else this.#finish(this.#link === undefined || this.#admission !== undefined ? 'HandshakeError' : transportCategory(error));
  }

  // LinkedClient

  hold(): void {
    this.#holding = true;
    if (this.#stateful === undefined) this.connection.pause();
    else this.#stateful.hold();
  }

  release(): void {
    this.#holding = false;
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (unsent !== undefined) this.#relay(unsent);
    // That may have been enough again.
    if (this.#holding || this.#ended) return;
    if (this.#stateful !== undefined) this.#stateful.release();
    else if (this.#intake?.throttled !== true) this.connection.resume();
  }

  serverLost(): void {
    this.#migration?.stop();
    this.#link = undefined;
    this.end(undefined, true, 'ServerConnectionClosed');
  }

  migrate(): void {
    this.#migration?.begin();
  }

  // LimitedClient

  pass(bytes: Buffer): void {
    const link = this.#link;
    if (link === undefined) return;
    if (this.#stateful !== undefined || (this.#unsent === undefined && !link.full)) return this.#relay(bytes);
    this.#unsent = this.#unsent === undefined ? Buffer.from(bytes) : Buffer.concat([this.#unsent, bytes]);
    link.hold(this);
  }

  throttle(on: boolean): void {
    if (this.#stateful !== undefined) this.#stateful.throttle(on);
    else if (on) this.connection.pause();
    else if (!this.#holding) this.connection.resume();
  }

  // StatefulClientLife

  forward(messages: Buffer): void {
    if (this.#migration === undefined) this.send(messages, false);
    else this.#migration.received(messages);
  }

  writable(): void {
    this.#downlink?.writable();
  }

  lost(): void {
    // The app server counts the time since it heard of the client, and is not to lose patience first.
    if (this.#relayed !== undefined) this.forward(Buffer.from(this.#relayed.protocol.write({ type: MessageType.ping })));
  }

  resumed(): void {
    this.#intake?.restart();
    if (this.#link !== undefined) tellReconnected(this.#link, this);
  }

  // MovableClient

  get admitted(): boolean {
    return this.#admission === undefined && !this.#dismissed;
  }

  get owes(): boolean {
    return this.#host.owes(this);
  }

  answering(invocationId: string): void {
    this.#host.answering(this, invocationId);
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
    this.#downlink?.moved();
    if (!link.traits.migrates) this.#migration = undefined;
    link.bind(this);
    this.#introduce(link, request, [migratedFrom(from.traits.serverId)]);
    this.#host.moved(this, link);
  }

  callsLost(calls: number, serverId: string): void {
    this.#host.log(serviceEvents.callsLost, { hub: this.#host.name, connectionId: this.connectionId, serverId, calls });
  }

  /** Sends bytes of it to its app server. */
  send(bytes: Buffer, partial: boolean): void {
    if (this.#link !== undefined) relayBytes(this.#link, this, bytes, partial);
  }

  write(payload: Payload): void {
    if (!this.#ended) this.#downlink?.write(payload);
  }

  // Member

  get protocol(): HubProtocol {
    return (this.#relayed as RelayedProtocol).protocol;
  }

  deliver(message: OutboundMessage): void {
    if (this.#ended || this.#relayed === undefined) return;
    const payload = message.payload(this.#relayed.protocol);
    if (payload === undefined) return;
    if (this.#admission === undefined) this.write(payload);
    else this.#hold(this.#admission, payload);
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
    if (this.#admission !== undefined) this.#relayEarly(this.#admission, payload, (dataType ?? DataType.handshake) === DataType.handshake);
    else if (!arriving || !isAnswer(payload, dataType)) {
      this.write(payload);
      this.#migration?.relayed(payload);
    }
    if (this.#dismissed && this.#link?.leaving === true) this.closedByServer();
  }

  /** The app server has ended it, and said to the client what there was to say. */
  closedByServer(): void {
    if (this.#ended) return;
    // Who was not let in hears why by the answer to the handshake; one that never came is made up for.
    if (this.#admission !== undefined) this.connection.write(writeHandshakeResponse('The app server closed the connection.'));
    else this.#stateful?.finish();
    this.#finish(this.#ends?.saidGoodbye === true ? 'Normal' : 'ClosedByAppServer');
    this.connection.close();
  }

  /** Ends it, and tells both sides. */
  end(error: string | undefined, allowReconnect: boolean, category: CloseCategory): void {
    if (this.#ended) return;
    if (this.#dismissed) return this.closedByServer();
    if (this.#relayed === undefined || this.#admission !== undefined) {
      return this.#refuse(error ?? 'The connection was closed by the service.', category);
    }
    const farewell = this.#relayed.close(error, allowReconnect);
    this.#stateful?.finish();
    if (farewell !== undefined) this.connection.write(farewell);
    this.#tellGone(error ?? '');
    this.#finish(category);
    this.connection.close();
  }

  #receive(chunk: Buffer): void {
    if (this.#intake === undefined) this.pass(chunk);
    else this.#intake.take(chunk);
  }

  #greet(chunk: Buffer): void {
    const outcome = this.#admission?.take(chunk, this.connection.binary);
    if (outcome === undefined) return;
    if ('refused' in outcome) return this.#refuse(outcome.refused, 'HandshakeError');
    const link = this.#host.choose(this.identity, this.stateful);
    if (link === undefined) return this.#refuse(NO_SERVER, noServerCategory(this.identity.server));
    this.#open(link, outcome);
    if (outcome.rest.length > 0) this.#receive(outcome.rest);
  }

  #open(link: ServerLink, { handshake: { protocol: relayed, version }, request }: AdmissionRequest): void {
    const { name: hub, settings, wheel, log, meter, maximumQueuedBytes: mostQueued } = this.#host;
    const { connection } = this;
    const { framing } = relayed;
    const names = this.#host.names && new ClientNames(this.#host.names, framing, this.userId);
    const fields = { hub, connectionId: this.connectionId };
    this.#admission?.asks();
    this.#relayed = relayed;
    const parts = { connection, relayed, settings, wheel, log, meter, mostQueued, fields, listener: names, life: this };
    this.#stateful = StatefulClient.of(parts, version);
    this.#ends = recordEnds(framing, { bills: settings.metering.messages, listener: names });
    this.#downlink = new ClientDownlink({ connection, stateful: this.#stateful, host: this.#host, framing, names }, this);
    this.#intake = ClientIntake.of(this, this.#host, framing);
    this.#link = link;
    // A protocol that is not known is refused, most likely, and who asked for one reads text at least.
    if (framing !== undefined) connection.format = relayed.protocol.format;
    this.#host.entered(this, link);
    if (link.traits.migrates && relayed.head !== undefined) {
      this.#migration = new ClientMigration(this, { relayed, ends: this.#ends, settings, wheel }, request);
    }
    this.#introduce(link, request, []);
  }

  /** @param more - headers besides its own */
  #introduce(link: ServerLink, request: Buffer, more: readonly (readonly [string, string])[]): void {
    const { instanceId, settings } = this.#host;
    const opening = { connection: this.connection, identity: this.identity, protocol: this.protocol.name, instanceId };
    link.tell(openConnection(opening, settings.trustForwardedFor, more));
    this.send(request, false);
  }

  #relay(chunk: Buffer): void {
    if (this.#stateful !== undefined) return this.#stateful.take(chunk);
    const ends = this.#ends as RecordEnds;
    const { records, billed } = ends;
    if (this.#migration !== undefined) this.#migration.received(chunk);
    else if (this.#link !== undefined) relayPieces(this.#link, this, chunk, ends.take(chunk));
    this.#host.meter.came(ends.records - records, ends.billed - billed);
  }

  /** Before the answer to the handshake, and with it: what waited follows it. */
  #relayEarly(admission: ClientAdmission, payload: Buffer, answersHandshake: boolean): void {
    if (!answersHandshake) return this.#hold(admission, payload);
    const waiting = admission.end();
    this.#admission = undefined;
    if (this.#relayed?.framing === undefined && isAcceptance(payload)) this.connection.format = 'binary';
    this.#downlink?.begin(payload);
    for (const one of waiting) this.write(one);
    this.#migration?.look();
  }

  #hold(admission: ClientAdmission, payload: Payload): void {
    if (admission.hold(payload)) return;
    const limit = this.#host.settings.maximumHeldBytes;
    this.#host.log(serviceEvents.heldTooMuch, { hub: this.#host.name, connectionId: this.connectionId, limit });
    this.end('The app server sent too much before it answered the handshake.', true, 'SlowClient');
  }

  /** It never got as far as a hub's messages. */
  #refuse(reason: string, category: CloseCategory): void {
    if (this.#ended) return;
    this.#host.log(serviceEvents.clientRefused, { hub: this.#host.name, connectionId: this.connectionId, reason });
    this.connection.write(writeHandshakeResponse(reason));
    this.#tellGone(reason);
    this.#finish(category);
    this.connection.close();
  }

  #tellGone(error: string): void {
    this.#migration?.stay();
    if (this.#link !== undefined) tellGone(this.#link, this, error);
  }

  #finish(category: CloseCategory): void {
    this.#ended = true;
    this.#host.meter.ended('Client', category);
    if (category === 'SlowClient') this.#host.meter.userErrors++;
    this.#admission?.end();
    this.#intake?.stop();
    this.#unsent = undefined;
    this.#migration?.stop();
    this.#stateful?.stop();
    this.#link?.unbind(this);
    this.#host.left(this);
    this.#link = undefined;
  }
}
