import { SignalboxError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { CloseCategory } from '../metering/close-category.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import type { Meter } from '../metering/meter.ts';
import { MigrationLevel, ServerConnectionType, ServiceEventKind, ServiceEventObject } from '../protocol/service/codes.ts';
import type { OutgoingServiceMessage, ServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';
import { PingKey, ShutdownValue } from '../protocol/service/ping.ts';
import { malformedMessageError, type MalformedServiceMessage, type ReceivedServiceMessage } from '../protocol/service/received.ts';
import { ServiceStream } from '../protocol/service/stream.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import { ConnectionError } from '../transport/connection-error.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import { serveHere } from './app-server-requests.ts';
import { transportCategory } from './client-end.ts';
import { serviceEvents } from './log-events.ts';
import type { ServiceSettings } from './options.ts';
import { writeAck } from './outcome.ts';
import type { ServerIdentity } from './server-identity.ts';
import { ServerLink, type ServerConnectionKind } from './server-link.ts';
import { leavingMode, pingAnswer, type LeavingMode } from './server-pings.ts';
import type { ServiceHub } from './service-hub.ts';

const kinds: ReadonlyMap<number, ServerConnectionKind> = new Map(
  Object.entries(ServerConnectionType).map(([kind, code]) => [code, kind as ServerConnectionKind]),
);
/** Messages of one app server that are served before others get their turn: what comes in one WebSocket message can be millions. */
const MESSAGES_A_TURN = 1_000;
const NOTHING = Buffer.alloc(0);
const KEEP_ALIVE = writeServiceMessage({ type: 'ping', entries: [] });
const LEAVE_TAKEN = writeServiceMessage({ type: 'ping', entries: [PingKey.shutdown, ShutdownValue.acknowledged] });
const NO_KEYS = {
  type: 'accessKeyResponse',
  keyId: null,
  accessKey: null,
  errorType: 'NotSupported',
  errorMessage: 'This service knows access keys only: put AccessKey= into the connection string.',
} as const;

const NO_FILTERS = 'Filters over clients are not supported: the message was not sent.';

/** What server connections need of their node. */
export interface ServerHost {
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly meter: Meter;
  /** The hub of a name; made where there is none. */
  hub(name: string): ServiceHub;
  gone(connection: ServerConnection): void;
}

/** One connection of an app server: handshake, pings, and what the app server asks for and sends. */
export class ServerConnection implements ConnectionListener {
  readonly identity: ServerIdentity;
  readonly #connection: Connection;
  readonly #host: ServerHost;
  readonly #stream: ServiceStream;
  readonly #timer: Timer;
  readonly #meter: HubMeter;
  #hub: ServiceHub | undefined;
  #link: ServerLink | undefined;
  #malformed = 0;
  /** When what is being served was read. */
  #readAt = 0;
  /** Messages that may still be served in this turn. */
  #turn = 0;
  /** The rest of what came is served in a later turn. */
  #waiting = false;
  /** The connection has ended; what came before that may still wait. */
  #closed = false;
  /** Why it ends, where that is known before it has. */
  #category: CloseCategory | undefined;
  #ended = false;

  constructor(connection: Connection, identity: ServerIdentity, host: ServerHost) {
    this.#connection = connection;
    this.identity = identity;
    this.#host = host;
    this.#meter = host.meter.hub(identity.hub);
    this.#stream = new ServiceStream(host.settings.maximumServerMessageSize, (message) => this.#take(message));
    this.#timer = new Timer(() => this.#look());
  }

  /** Bytes that wait for the app server. */
  get queued(): number {
    return this.#connection.queued;
  }

  /** Begins to read. */
  start(): void {
    this.#meter.opened('Server');
    this.#connection.format = 'binary';
    this.#host.wheel.arm(this.#timer, this.#host.settings.serverHandshakeTimeout);
    this.#connection.receive(this);
  }

  // ConnectionListener

  received(chunk: Buffer): void {
    this.#meter.bytesFromServers += chunk.length;
    this.#readAt = this.#connection.alive;
    if (!this.#ended) this.#read(chunk);
  }

  drained(): void {
    if (this.#link === undefined) return;
    this.#link.drained();
    this.#hub?.nodes?.drained(this.#link);
  }

  closed(error: Error | undefined): void {
    this.#closed = true;
    this.#category ??= this.#link === undefined ? 'HandshakeError' : transportCategory(error);
    if (!this.#waiting) this.#depart();
  }

  /** Ends it for a reason that its app server is told. */
  fail(reason: string): void {
    if (this.#ended) return;
    this.#category ??= 'BadRequest';
    this.#send({ type: 'serviceError', message: reason });
    this.end('BadRequest');
  }

  /** Ends it without a word: the app server connects anew. */
  end(category: CloseCategory): void {
    this.#category ??= category;
    this.#ended = true;
    this.#connection.close();
  }

  #read(chunk: Buffer): void {
    this.#turn = MESSAGES_A_TURN;
    this.#meter.latency.servedAt = this.#readAt;
    try {
      this.#stream.push(chunk);
    } catch (error) {
      if (!(error instanceof SignalboxError)) throw error;
      this.#host.log(serviceEvents.streamBroken, this.#fields(), error);
      this.fail(error.message);
    }
    this.#meter.latency.servedAt = undefined;
    this.#waiting = this.#stream.stopped && !this.#ended;
    if (!this.#waiting) return;
    this.#connection.pause();
    setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#waiting = false;
    if (!this.#ended) this.#read(NOTHING);
    if (this.#waiting) return;
    if (this.#closed) this.#depart();
    else this.#connection.resume();
  }

  #depart(): void {
    this.#ended = true;
    this.#host.wheel.cancel(this.#timer);
    this.#host.gone(this);
    this.#meter.ended('Server', this.#category ?? 'Normal');
    const link = this.#link;
    if (link === undefined) return;
    this.#host.meter.serverLeft(link.traits.serverId);
    this.#host.log(serviceEvents.serverGone, { ...this.#fields(), clients: link.clients.size });
    this.#hub?.unlinked(link);
  }

  /** Returns whether more is to be read in this turn. */
  #take(message: ReceivedServiceMessage): boolean {
    if (message.type === 'malformed') this.#countMalformed(message);
    else if (this.#link === undefined || this.#hub === undefined) this.#shakeHands(message);
    else if (message.type !== 'unknown') this.#serve(message, this.#hub, this.#link);
    this.#turn--;
    return this.#turn > 0 && !this.#ended;
  }

  #shakeHands(message: ReceivedServiceMessage): void {
    if (message.type !== 'handshakeRequest')
      return this.#refuse(`The first message is to be a handshake request, and was: ${message.type}.`);
    const kind = kinds.get(message.connectionType);
    if (message.version !== 1) return this.#refuse(`Version ${message.version} of the protocol is not supported; 1 is.`);
    if (kind === undefined) return this.#refuse(`There are no connections of the type ${message.connectionType}.`);
    const { serverId, connectionId, userAgent, hub } = this.identity;
    const traits = {
      id: connectionId,
      serverId,
      userAgent,
      kind,
      migrates: message.migrationLevel >= MigrationLevel.shutdown,
      statefulReconnect: message.allowStatefulReconnects,
      connectedAt: Date.now(),
    };
    this.#hub = this.#host.hub(hub);
    this.#link = new ServerLink(traits, (bytes) => this.#ended || this.#write(bytes));
    this.#link.timing = { probe: this.#meter.latency.toServer, connection: this.#connection };
    this.#host.meter.serverCame(serverId);
    this.#send({ type: 'handshakeResponse', error: '', connectionId });
    this.#hub.linked(this.#link);
    this.#host.wheel.arm(this.#timer, this.#host.settings.serverPingInterval);
    this.#host.log(serviceEvents.serverConnected, { ...this.#fields(), kind });
  }

  #serve(message: ServiceMessage, hub: ServiceHub, link: ServerLink): void {
    this.#meter.operations++;
    if (message.type === 'ping') return this.#answer(message, hub, link);
    if (message.type === 'accessKeyRequest') return this.#send(NO_KEYS);
    // To all whom the rest of it names would be to too many.
    if ('extension' in message && message.extension.filter !== undefined) return this.#object(NO_FILTERS);
    if (hub.nodes?.take(message, link) === true) return;
    const outcome = serveHere(message, hub, link);
    if (outcome !== undefined && 'ackId' in message) link.tell(writeAck(message.ackId, outcome));
  }

  #answer(ping: ServiceMessageOf<'ping'>, hub: ServiceHub, link: ServerLink): void {
    const mode = leavingMode(ping);
    if (mode !== undefined) this.#leave(mode, hub, link);
    const { clients, nodes, links, wheel } = hub;
    const entries = pingAnswer(ping, { clients: clients.size + (nodes?.clients ?? 0), links, now: wheel.now() });
    if (entries !== undefined) this.#send({ type: 'ping', entries });
  }

  /** It is said again until it is answered. */
  #leave(mode: LeavingMode, hub: ServiceHub, link: ServerLink): void {
    this.#write(LEAVE_TAKEN);
    if (link.leaving) return;
    this.#host.log(serviceEvents.serverLeaving, { ...this.#fields(), mode });
    hub.leaving(link, mode);
  }

  #countMalformed(message: MalformedServiceMessage): void {
    this.#malformed++;
    this.#meter.operations++;
    this.#meter.userErrors++;
    const { maximumMalformedMessages: most } = this.#host.settings;
    this.#host.log(serviceEvents.malformed, this.#fields(), malformedMessageError(message));
    if (this.#link === undefined) this.#refuse(malformedMessageError(message).message);
    else if (this.#malformed <= most) this.#object(malformedMessageError(message).message);
    else this.fail(`More than ${most} messages were malformed (maximumMalformedMessages).`);
  }

  /** Tells the app server of a message that nothing was done about: it is for its log. */
  #object(message: string): void {
    const { serverConnection: objectType } = ServiceEventObject;
    const { connectionId: objectId } = this.identity;
    this.#send({ type: 'serviceEvent', objectType, objectId, kind: ServiceEventKind.invalid, message });
  }

  #refuse(reason: string): void {
    this.#host.log(serviceEvents.serverRefused, { ...this.#fields(), reason });
    this.#send({ type: 'handshakeResponse', error: reason });
    this.end('HandshakeError');
  }

  /** Time for a ping, or to give up. */
  #look(): void {
    const { wheel, settings, log } = this.#host;
    if (this.#link === undefined) return this.#refuse(`There was no handshake request within ${settings.serverHandshakeTimeout} ms.`);
    if (wheel.now() - this.#connection.alive > settings.serverTimeout) {
      log(serviceEvents.serverSilent, { ...this.#fields(), timeout: settings.serverTimeout });
      return this.#connection.abort(
        new ConnectionError('silent', `The app server was silent for ${settings.serverTimeout} ms (serverTimeout).`),
      );
    }
    this.#write(KEEP_ALIVE);
    wheel.arm(this.#timer, settings.serverPingInterval);
  }

  #send(message: OutgoingServiceMessage): void {
    this.#write(writeServiceMessage(message));
  }

  #write(bytes: Buffer): boolean {
    this.#meter.bytesToServers += bytes.length;
    return this.#connection.write(bytes);
  }

  #fields(): { readonly serverId: string; readonly hub: string; readonly serverConnectionId: string } {
    const { serverId, hub, connectionId } = this.identity;
    return { serverId, hub, serverConnectionId: connectionId };
  }
}
