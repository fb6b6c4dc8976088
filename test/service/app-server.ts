import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { DataType } from '../../src/protocol/service/codes.ts';
import type { OutgoingServiceMessage, ServiceMessage, ServiceMessageOf, ServiceMessageType } from '../../src/protocol/service/messages.ts';
import { ServiceStream } from '../../src/protocol/service/stream.ts';
import { writeServiceMessage } from '../../src/protocol/service/writer.ts';
import { eventually } from '../eventually.ts';
import { tokenFor, type ServiceRig } from './rig.ts';

/** How a scripted server connection introduces itself. */
export interface ServerTraits {
  readonly hub?: string;
  readonly serverId?: string;
  readonly connectionId?: string;
  /** 0 default, 1 on demand, 2 weak. */
  readonly connectionType?: number;
  readonly migrationLevel?: number;
  readonly statefulReconnect?: boolean;
  readonly userAgent?: string;
}

/** The handshake's answer, as app servers give it. */
export const ACCEPTED = '{}\u001e';

/** One server connection that does only what a test tells it to: the official SDK's bytes, and none of its behaviour. */
export class ScriptedServer {
  readonly serverId: string;
  readonly connectionId: string;
  /** All that came, in order. */
  readonly received: ServiceMessage[] = [];
  /** Where it is set, what comes goes there instead. */
  react: ((message: ServiceMessage) => void) | undefined;
  closed: number | undefined;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, serverId: string, connectionId: string) {
    this.#socket = socket;
    this.serverId = serverId;
    this.connectionId = connectionId;
    const stream = new ServiceStream(0, (message) => {
      if (message.type === 'malformed' || message.type === 'unknown')
        throw new Error(`The service sent what is no message: ${JSON.stringify(message)}`);
      if (this.react === undefined) this.received.push(message);
      else this.react(message);
      return true;
    });
    socket.on('message', (data: Buffer) => stream.push(data));
    socket.on('close', (code) => (this.closed = code));
  }

  /** Dials, without a word. Rejects where the upgrade is refused, with the status in its message. */
  static async dial(rig: Pick<ServiceRig, 'serverPort'>, traits: ServerTraits = {}, token?: string): Promise<ScriptedServer> {
    const { hub = 'chat', serverId = 'server-1', connectionId = randomUUID(), userAgent = 'Scripted/1.0' } = traits;
    const bearer = token ?? (await tokenFor('server', hub, { nameid: serverId }));
    const socket = new WebSocket(`ws://127.0.0.1:${rig.serverPort}/server/?hub=${hub}&cid=${connectionId}`, {
      perMessageDeflate: false,
      headers: { Authorization: `Bearer ${bearer}`, 'X-ASRS-Server-Id': serverId, 'Asrs-User-Agent': userAgent },
    });
    const server = new ScriptedServer(socket, serverId, connectionId);
    await once(socket, 'open');
    return server;
  }

  /** Dials and shakes hands. */
  static async connect(rig: Pick<ServiceRig, 'serverPort'>, traits: ServerTraits = {}, token?: string): Promise<ScriptedServer> {
    const server = await ScriptedServer.dial(rig, traits, token);
    const { connectionType = 0, migrationLevel = 0, statefulReconnect = false } = traits;
    server.send({
      type: 'handshakeRequest',
      version: 1,
      connectionType,
      target: '',
      migrationLevel,
      allowStatefulReconnects: statefulReconnect,
    });
    const { error } = await server.next('handshakeResponse');
    if (error !== null && error !== '') throw new Error(error);
    return server;
  }

  send(message: OutgoingServiceMessage): void {
    this.sendBytes(writeServiceMessage(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Waits for the first message of a kind that has not been waited for yet, and takes it. */
  next<Type extends ServiceMessageType>(
    type: Type,
    fits: (message: ServiceMessageOf<Type>) => boolean = () => true,
  ): Promise<ServiceMessageOf<Type>> {
    return eventually(() => {
      const place = this.received.findIndex((message) => message.type === type && fits(message as unknown as ServiceMessageOf<Type>));
      if (place === -1) {
        const last = this.received.slice(-20).map((message) => message.type);
        throw new Error(`No ${type} among ${this.received.length} messages: ${last.join(', ')}`);
      }
      return this.received.splice(place, 1)[0] as unknown as ServiceMessageOf<Type>;
    });
  }

  /** Waits for a client, and lets it in. */
  async accept(answer = ACCEPTED): Promise<ServiceMessageOf<'openConnection'>> {
    const opened = await this.next('openConnection');
    await this.next('connectionData', ({ connectionId }) => connectionId === opened.connectionId);
    this.answerHandshake(opened.connectionId, answer);
    return opened;
  }

  answerHandshake(connectionId: string, answer = ACCEPTED): void {
    this.send({ type: 'connectionData', connectionId, payload: Buffer.from(answer), extension: { dataType: DataType.handshake } });
  }

  /** Sends a client one message of JSON. */
  tell(connectionId: string, message: object): void {
    const payload = Buffer.from(`${JSON.stringify(message)}\u001e`);
    this.send({ type: 'connectionData', connectionId, payload, extension: { dataType: DataType.invocation } });
  }

  /** What a client has sent next, as text. */
  async heard(connectionId: string): Promise<string> {
    const { payload } = await this.next('connectionData', (message) => message.connectionId === connectionId);
    return payload.toString();
  }

  /** Answered when everything before it was dealt with. */
  async settle(): Promise<void> {
    const word = randomUUID();
    this.send({ type: 'ping', entries: ['echo', word] });
    await this.next('ping', ({ entries }) => entries[1] === word);
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    this.#socket.close(1000);
    await once(this.#socket, 'close');
  }

  /** As a process that hangs: nothing is taken from the system any more. */
  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Bytes that it has sent, and the system has not taken. */
  get unsent(): number {
    return this.#socket.bufferedAmount;
  }

  /** A pong that nobody asked for: .NET's WebSockets send one every 30 s. */
  pong(): void {
    this.#socket.pong();
  }

  /** As a process that is killed. */
  cut(): void {
    this.#socket.terminate();
  }
}

/** A hub message in the forms that an app server sends it in: JSON and MessagePack's bytes as they are given. */
export function payloadsOf(message: object, messagePack?: Uint8Array): ReadonlyMap<string, Buffer> {
  const json = Buffer.from(`${JSON.stringify(message)}\u001e`);
  return new Map([['json', json], ...(messagePack === undefined ? [] : [['messagepack', Buffer.from(messagePack)] as const])]);
}

/** A call of a client's method. */
export const calling = (target: string, ...args: unknown[]): object => ({ type: 1, target, arguments: args });
