import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { serve } from './control.ts';

/*
 * What one writes first: JSON.parse, a switch, JSON.stringify and one `ws.send` per message. It speaks the hub protocol and does what the
 * scenarios ask for, with none of a hub's limits, time-outs, checks, back-pressure or order of invocations. The honest baseline.
 */

interface Message {
  readonly type: number;
  readonly invocationId?: string;
  readonly target: string;
  readonly arguments?: readonly string[];
  readonly streamIds?: readonly string[];
  readonly item?: number;
  readonly result?: unknown;
}

interface Upload {
  readonly invocationId: string | undefined;
  inOrder: number;
  previous: number | undefined;
}

const sockets = new Set<WebSocket>();
const byId = new Map<string, WebSocket>();
const groups = new Map<string, Set<WebSocket>>();
const questions = new Map<string, (answer: unknown) => void>();
let questionCount = 0;

class Connection {
  readonly #socket: WebSocket;
  readonly #uploads = new Map<string, Upload>();
  #greeted = false;
  /** Once it has asked for it. */
  #id = '';

  constructor(socket: WebSocket) {
    this.#socket = socket;
    sockets.add(socket);
    socket.on('message', (data) => this.#read(data));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#closed());
  }

  #read(data: RawData): void {
    for (const record of (data as Buffer).toString().split('\x1e')) {
      if (record !== '') this.#received(JSON.parse(record) as Message);
    }
  }

  #received(message: Message): void {
    if (!this.#greeted) {
      this.#greeted = true;
      this.#send({});
      return;
    }
    switch (message.type) {
      case 1:
      case 4:
        this.#invoked(message);
        break;
      case 2:
        this.#item(message);
        break;
      case 3:
        this.#completed(message);
        break;
      default:
    }
  }

  #invoked({ invocationId, target, arguments: [first = '', second = ''] = [], streamIds = [] }: Message): void {
    switch (target) {
      case 'echo':
        this.#complete(invocationId, first);
        break;
      case 'broadcast':
        sendAll(sockets, { type: 1, target: 'message', arguments: [first] });
        break;
      case 'join':
        this.#join(first);
        this.#complete(invocationId, null);
        break;
      case 'sendGroup':
        sendAll(groups.get(first) ?? [], { type: 1, target: 'message', arguments: [second] });
        break;
      case 'id':
        byId.set((this.#id ||= randomUUID()), this.#socket);
        this.#complete(invocationId, this.#id);
        break;
      case 'sendTo':
        sendAll([byId.get(first) ?? []].flat(), { type: 1, target: 'message', arguments: [second] });
        break;
      case 'count':
        void this.#stream(invocationId, Number(first), Number(second));
        break;
      case 'upload':
        this.#uploads.set(streamIds[0] ?? '', { invocationId, inOrder: 0, previous: undefined });
        break;
      case 'ask':
        this.#ask(invocationId, first);
        break;
      default:
    }
  }

  #join(group: string): void {
    const members = groups.get(group);
    if (members) members.add(this.#socket);
    else groups.set(group, new Set([this.#socket]));
  }

  async #stream(invocationId: string | undefined, from: number, items: number): Promise<void> {
    for await (const item of count(from, items)) this.#send({ type: 2, invocationId, item });
    this.#send({ type: 3, invocationId });
  }

  #ask(invocationId: string | undefined, text: string): void {
    const id = String(questionCount++);
    questions.set(id, (answer) => this.#complete(invocationId, answer));
    this.#send({ type: 1, invocationId: id, target: 'answer', arguments: [text] });
  }

  #item({ invocationId = '', item = 0 }: Message): void {
    const upload = this.#uploads.get(invocationId);
    if (!upload) return;
    if (upload.previous === undefined || item === upload.previous + 1) upload.inOrder++;
    upload.previous = item;
  }

  #completed({ invocationId = '', result }: Message): void {
    const upload = this.#uploads.get(invocationId);
    if (upload) {
      this.#uploads.delete(invocationId);
      this.#complete(upload.invocationId, upload.inOrder);
      return;
    }
    questions.get(invocationId)?.(result);
    questions.delete(invocationId);
  }

  #complete(invocationId: string | undefined, result: unknown): void {
    if (invocationId !== undefined) this.#send({ type: 3, invocationId, result });
  }

  #send(message: object): void {
    this.#socket.send(`${JSON.stringify(message)}\x1e`);
  }

  #closed(): void {
    sockets.delete(this.#socket);
    byId.delete(this.#id);
    for (const members of groups.values()) members.delete(this.#socket);
  }
}

async function* count(from: number, items: number): AsyncGenerator<number> {
  for (let i = 0; i < items; i++) yield from + i;
}

function sendAll(to: Iterable<WebSocket>, message: object): void {
  const record = `${JSON.stringify(message)}\x1e`;
  for (const socket of to) socket.send(record);
}

const server = createServer();
new WebSocketServer({ server }).on('connection', (socket) => new Connection(socket));
await serve(server);
