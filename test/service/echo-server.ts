import { DataType } from '../../src/protocol/service/codes.ts';
import type { ServiceMessage } from '../../src/protocol/service/messages.ts';
import type { HubProtocol } from '../../src/protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessageType, type HubMessage } from '../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { ACCEPTED, ScriptedServer } from './app-server.ts';
import type { ServiceRig } from './rig.ts';

const protocols: readonly HubProtocol[] = [new JsonHubProtocol(), new MessagePackHubProtocol()];

/** A client as the app server keeps it. */
interface EchoClient {
  readonly protocol: HubProtocol;
  greeted: boolean;
  /** The start of a message that has not come whole. */
  pieces: Buffer;
}

/** A small app server for official clients: it lets all in, gives each call its argument back, and keeps them alive. */
export class EchoServer {
  readonly #server: ScriptedServer;
  readonly #clients = new Map<string, EchoClient>();

  private constructor(server: ScriptedServer) {
    this.#server = server;
    server.react = (message) => this.#take(message);
    // Clients may have come with the answer to its handshake.
    for (const message of server.received.splice(0)) this.#take(message);
  }

  static async start(rig: ServiceRig): Promise<EchoServer> {
    return new EchoServer(await ScriptedServer.connect(rig, { serverId: 'echo' }));
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Calls a method of all clients. */
  tell(target: string, ...args: unknown[]): void {
    const message = { type: MessageType.invocation, target, arguments: args } as const;
    const payloads = new Map(protocols.map((protocol) => [protocol.name, Buffer.from(protocol.write(message))]));
    this.#server.send({ type: 'broadcastData', excluded: [], payloads });
  }

  cut(): void {
    this.#server.cut();
  }

  #take(message: ServiceMessage): void {
    if (message.type === 'openConnection') {
      const protocol = protocols.find(({ name }) => name === message.extension.protocol);
      if (protocol !== undefined) this.#clients.set(message.connectionId, { protocol, greeted: false, pieces: Buffer.alloc(0) });
    } else if (message.type === 'closeConnection') this.#clients.delete(message.connectionId);
    else if (message.type === 'connectionData') this.#read(message.connectionId, message.payload);
    else if (message.type === 'ping') this.#server.send({ type: 'ping', entries: [] });
  }

  #read(connectionId: string, payload: Buffer): void {
    const client = this.#clients.get(connectionId);
    if (client === undefined) return;
    if (!client.greeted) {
      client.greeted = true;
      return this.#server.answerHandshake(connectionId, ACCEPTED);
    }
    const bytes = Buffer.concat([client.pieces, payload]);
    const end = client.protocol.parse(bytes, 0, 0, (message) => {
      this.#answer(connectionId, client, message as HubMessage);
      return true;
    });
    client.pieces = Buffer.from(bytes.subarray(end));
  }

  #answer(connectionId: string, { protocol }: EchoClient, message: HubMessage): void {
    if (message.type === MessageType.close) {
      this.#clients.delete(connectionId);
      return this.#server.send({ type: 'closeConnection', connectionId, error: '' });
    }
    if (message.type !== MessageType.invocation || message.invocationId === undefined) return;
    const { invocationId } = message;
    const [result] = message.arguments;
    const payload = Buffer.from(protocol.write({ type: MessageType.completion, invocationId, hasResult: true, result }));
    this.#server.send({ type: 'connectionData', connectionId, payload, extension: { dataType: DataType.invocation } });
  }
}
