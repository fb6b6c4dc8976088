import type { HubProtocol } from '../../src/protocol/hub/hub-protocol.ts';
import { MessageType, type HubMessage, type ReceivedMessage } from '../../src/protocol/hub/message.ts';
import { DataType, FlowControlOperation } from '../../src/protocol/service/codes.ts';
import type { ServiceMessage, ServiceMessageOf } from '../../src/protocol/service/messages.ts';
import { ACCEPTED, type ScriptedServer } from './app-server.ts';

/**
 * An app server's side of one client: it lets the client in, echoes, and keeps what it is told, which it tells everybody. Like the official SDK
 * it joins what comes in pieces, and sends nothing while it is to pause.
 */
export class AnsweringServer {
  /** What clients said by `tell`, in order. */
  readonly told: unknown[] = [];
  /** How often the client came back. */
  resumed = 0;
  readonly #server: ScriptedServer;
  readonly #protocol: HubProtocol;
  #half: Buffer = Buffer.alloc(0);
  #shaken = false;
  #paused = false;
  readonly #waiting: (() => void)[] = [];

  constructor(server: ScriptedServer, protocol: HubProtocol) {
    this.#server = server;
    this.#protocol = protocol;
    server.react = (message) => this.#react(message);
  }

  #react(message: ServiceMessage): void {
    if (message.type === 'connectionReconnect') {
      this.resumed++;
      this.#half = Buffer.alloc(0);
    } else if (message.type === 'connectionFlowControl') this.#control(message.operation);
    else if (message.type === 'connectionData') this.#take(message);
  }

  #control(operation: number): void {
    this.#paused = operation === FlowControlOperation.pause;
    while (!this.#paused) {
      const send = this.#waiting.shift();
      if (send === undefined) return;
      send();
    }
  }

  #take({ connectionId, payload, extension }: ServiceMessageOf<'connectionData'>): void {
    const bytes = Buffer.concat([this.#half, payload]);
    if (extension.isPartial === true) {
      this.#half = bytes;
      return;
    }
    this.#half = Buffer.alloc(0);
    if (!this.#shaken) {
      this.#shaken = true;
      return this.#server.answerHandshake(connectionId, ACCEPTED);
    }
    const end = this.#protocol.parse(bytes, 0, 0, (message) => {
      this.#answer(connectionId, message);
      return true;
    });
    if (end !== bytes.length) throw new Error(`${bytes.length - end} bytes are left of whole messages.`);
  }

  #answer(connectionId: string, message: ReceivedMessage): void {
    if (message.type === MessageType.ping || message.type === MessageType.close) return;
    if (message.type !== MessageType.invocation) throw new Error(`A message of type ${message.type} came.`);
    const [value] = message.arguments;
    if (message.target === 'tell') {
      this.told.push(value);
      this.#broadcast({ type: MessageType.invocation, target: 'told', arguments: [value] });
    } else {
      const answer = {
        type: MessageType.completion,
        invocationId: message.invocationId as string,
        hasResult: true,
        result: value,
      } as const;
      this.#send(connectionId, answer);
    }
  }

  #send(connectionId: string, message: HubMessage): void {
    const payload = Buffer.from(this.#protocol.write(message) as Uint8Array);
    const send = (): void =>
      this.#server.send({ type: 'connectionData', connectionId, payload, extension: { dataType: DataType.invocation } });
    if (this.#paused) this.#waiting.push(send);
    else send();
  }

  #broadcast(message: HubMessage): void {
    const payload = Buffer.from(this.#protocol.write(message) as Uint8Array);
    this.#server.send({ type: 'broadcastData', excluded: [], payloads: new Map([[this.#protocol.name, payload]]) });
  }
}
