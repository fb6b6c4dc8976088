import type { Member } from '../backplane/member.ts';
import type { Log } from '../base/log.ts';
import type { Payload } from '../base/payload.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import { writeHandshakeResponse } from '../protocol/hub/handshake.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import { FlowControlOperation, FlowControlTarget } from '../protocol/service/codes.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import type { ClientIdentity } from './client-identity.ts';
import { clientHandshake, openConnection, type AcceptedHandshake } from './client-opening.ts';
import { byteLength, HeldData } from './held-data.ts';
import { serviceEvents } from './log-events.ts';
import type { ServiceSettings } from './options.ts';
import { recordEnds, type RecordEnds } from './record-ends.ts';
import type { RelayedProtocol } from './relayed-protocol.ts';
import type { LinkedClient, ServerLink } from './server-link.ts';
import { NO_SERVER } from './server-links.ts';
import { StatefulClient } from './stateful-client.ts';
import type { Traffic } from './traffic.ts';

/** The largest piece in which a client's bytes go to an app server. */
const PIECE = 65_536;
const NOTHING = Buffer.alloc(0);
const PARTIAL = Object.freeze({ isPartial: true });

/** What a client needs of its hub. */
export interface ClientHost {
  readonly name: string;
  /** Of this node. */
  readonly instanceId: string;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly traffic: Traffic;
  /**
   * The server connection for a client; undefined where there is none.
   *
   * @param stateful - whether it has to allow that the client comes back by another socket
   */
  choose(identity: ClientIdentity, stateful: boolean): ServerLink | undefined;
  /** A client is bound to an app server: it can be sent to. */
  entered(client: ServiceClient, link: ServerLink): void;
  left(client: ServiceClient): void;
}

/**
 * One client of the service: its handshake request is read, an app server is chosen, and from then on bytes go both ways as they are. The app
 * server answers the handshake; what others send the client before that waits here.
 */
export class ServiceClient implements ConnectionListener, Member, LinkedClient {
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
  /** Where the client may come back by another socket. */
  #stateful: StatefulClient | undefined;
  /** The app server was told to send nothing. */
  #pausing = false;
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
    if (this.#stateful === undefined) this.writable();
    else this.#stateful.drained();
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
    if (this.#stateful === undefined) this.#connection.pause();
    else this.#stateful.hold();
  }

  release(): void {
    if (this.#stateful === undefined) this.#connection.resume();
    else this.#stateful.release();
  }

  serverLost(): void {
    this.#link = undefined;
    this.end(undefined, true);
  }

  // StatefulClientLife

  forward(messages: Buffer): void {
    this.#sendPieces(messages, false);
  }

  writable(): void {
    if (!this.#pausing) return;
    this.#pausing = false;
    this.#control(FlowControlOperation.resume);
  }

  lost(): void {
    // The app server counts the time since it heard of the client, and is not to lose patience first.
    if (this.#relayed !== undefined) this.#send(Buffer.from(this.#relayed.protocol.write({ type: MessageType.ping })), false);
  }

  resumed(): void {
    this.#link?.tell(writeServiceMessage({ type: 'connectionReconnect', connectionId: this.connectionId }));
  }

  // Member

  get protocol(): HubProtocol {
    return (this.#relayed as RelayedProtocol).protocol;
  }

  deliver(message: OutboundMessage): void {
    if (this.#ended || this.#relayed === undefined) return;
    const payload = message.payload(this.#relayed.protocol);
    if (payload === undefined) return;
    if (this.#held === undefined) this.#write(payload);
    else this.#hold(this.#held, payload);
  }

  asked(): void {
    // Every client is read as long as its app server takes what comes.
  }

  answered(): void {
    // As above.
  }

  /**
   * The app server sends it something.
   *
   * @param answersHandshake - it is the answer to the handshake: what waited follows it
   */
  relayBack(payload: Buffer, answersHandshake: boolean): void {
    if (this.#ended) return;
    if (this.#held === undefined) return this.#write(payload);
    if (!answersHandshake) return this.#hold(this.#held, payload);
    const waiting = this.#held.take();
    this.#held = undefined;
    if (this.#stateful === undefined) this.#write(payload);
    else this.#letIn(this.#stateful, payload);
    for (const held of waiting) this.#write(held);
  }

  /** The app server has ended it, and said to the client what there was to say. */
  closedByServer(): void {
    if (this.#ended) return;
    // Who was not let in hears why by the answer to the handshake; one that never came is made up for.
    if (this.#held !== undefined) this.#connection.write(writeHandshakeResponse('The app server closed the connection.'));
    else this.#stateful?.finish();
    this.#finish();
    this.#connection.close();
  }

  /** Ends it, and tells both sides. */
  end(error: string | undefined, allowReconnect: boolean): void {
    if (this.#ended) return;
    if (this.#relayed === undefined || this.#held !== undefined) return this.#refuse(error ?? 'The connection was closed by the service.');
    const farewell = this.#relayed.close(error, allowReconnect);
    this.#stateful?.finish();
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
    const link = this.#host.choose(this.identity, this.#connection.negotiatedReconnect === true);
    if (link === undefined) {
      this.#host.log(serviceEvents.noServer, { hub: this.#host.name, connectionId: this.connectionId });
      return this.#refuse(NO_SERVER);
    }
    this.#open(link, outcome, bytes.subarray(0, outcome.end));
    if (outcome.end < bytes.length) this.#relay(bytes.subarray(outcome.end));
  }

  #open(link: ServerLink, { protocol: relayed, version }: AcceptedHandshake, request: Buffer): void {
    if (this.#patience) this.#host.wheel.cancel(this.#patience);
    this.#patience = undefined;
    this.#relayed = relayed;
    this.#stateful = this.#makeStateful(relayed, version);
    this.#ends = recordEnds(relayed.framing);
    this.#held = new HeldData(this.#host.settings.maximumHeldBytes);
    this.#link = link;
    this.#connection.format = relayed.protocol.format;
    this.#host.entered(this, link);
    const { instanceId, settings } = this.#host;
    const opening = { connection: this.#connection, identity: this.identity, protocol: relayed.protocol.name, instanceId };
    link.tell(openConnection(opening, settings.trustForwardedFor));
    this.#send(request, false);
  }

  #makeStateful(relayed: RelayedProtocol, version: number): StatefulClient | undefined {
    const { name, settings, wheel, log } = this.#host;
    if (this.#connection.negotiatedReconnect !== true) return undefined;
    const fields = { hub: name, connectionId: this.connectionId };
    return StatefulClient.of({ connection: this.#connection, relayed, settings, wheel, log, fields, life: this }, version);
  }

  /** Nothing but the answer to the handshake itself is to pass before the client may come back. */
  #letIn(stateful: StatefulClient, answer: Buffer): void {
    const end = answer.indexOf(RECORD_SEPARATOR) + 1 || answer.length;
    this.#host.traffic.went(end);
    this.#connection.write(answer.subarray(0, end));
    stateful.begin();
    if (end < answer.length) this.#write(answer.subarray(end));
  }

  /** In pieces: whole messages, and then what has come of the next one. */
  #relay(chunk: Buffer): void {
    if (this.#stateful !== undefined) {
      this.#host.traffic.came(this.#stateful.take(chunk), chunk.length);
      return;
    }
    const ends = this.#ends as RecordEnds;
    const before = ends.records;
    const end = ends.take(chunk);
    this.#host.traffic.came(ends.records - before, chunk.length);
    if (end === chunk.length && end <= PIECE) return this.#send(chunk, false);
    this.#sendPieces(chunk.subarray(0, end), false);
    this.#sendPieces(chunk.subarray(end), true);
  }

  #sendPieces(bytes: Buffer, partial: boolean): void {
    for (let start = 0; start < bytes.length; start += PIECE) {
      const end = start + PIECE;
      this.#send(bytes.subarray(start, end), partial || end < bytes.length);
    }
  }

  #send(payload: Buffer, partial: boolean): void {
    const { connectionId } = this;
    const message = { type: 'connectionData', connectionId, payload } as const;
    this.#link?.relay(writeServiceMessage(partial ? { ...message, extension: PARTIAL } : message), this);
  }

  #write(payload: Payload): void {
    this.#host.traffic.went(byteLength(payload));
    const taken = this.#stateful === undefined ? this.#connection.write(payload) : this.#stateful.send(payload);
    if (taken || this.#pausing || this.#ended) return;
    this.#pausing = true;
    this.#control(FlowControlOperation.pause);
  }

  #hold(held: HeldData, payload: Payload): void {
    if (held.add(payload)) return;
    const limit = this.#host.settings.maximumHeldBytes;
    this.#host.log(serviceEvents.heldTooMuch, { hub: this.#host.name, connectionId: this.connectionId, limit });
    this.end('The app server sent too much before it answered the handshake.', true);
  }

  #control(operation: typeof FlowControlOperation.pause | typeof FlowControlOperation.resume): void {
    const { connectionId } = this;
    this.#link?.tell(writeServiceMessage({ type: 'connectionFlowControl', connectionId, target: FlowControlTarget.client, operation }));
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
    const { connectionId } = this;
    this.#link?.tell(writeServiceMessage({ type: 'closeConnection', connectionId, error }));
  }

  #finish(): void {
    this.#ended = true;
    if (this.#patience) this.#host.wheel.cancel(this.#patience);
    this.#held = undefined;
    this.#stateful?.stop();
    this.#link?.unbind(this);
    this.#host.left(this);
    this.#link = undefined;
  }
}
