import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Answers a command with the bytes of a reply; undefined for the answer that a Redis would give. */
export type Script = (command: string, args: readonly string[]) => string | undefined;

/** Speaks enough of Redis to be taken for one, and says what a test wants. */
export class FakeRedis {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  script: Script = () => undefined;
  /** Channels and payloads that it was given, in order. */
  readonly published: (readonly [channel: string, payload: string])[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeRedis> {
    const fake: FakeRedis = new FakeRedis(createServer((socket) => fake.#take(socket)));
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    let unread = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes) => {
      unread += bytes.toString('latin1');
      for (let read = readCommand(unread); read !== undefined; read = readCommand(unread)) {
        unread = unread.slice(read.length);
        const [name = '', ...args] = read.words;
        socket.write(this.#answer(name.toLowerCase(), args), 'latin1');
      }
    });
  }

  #answer(command: string, args: readonly string[]): string {
    // A message that is kept is published by a script; what is kept is read by another.
    if (command === 'evalsha') return args.length > 6 ? this.#answer('publish', args.slice(4)) : '*0\r\n';
    // By the clock servers say that they are there.
    if (command === 'publish' && args[0]?.endsWith(':internal:catch-up')) return ':1\r\n';
    const scripted = this.script(command, args);
    if (scripted !== undefined) return scripted;
    if (command === 'info') return bulk('run_id:1234\r\nloading:0\r\n');
    if (command === 'subscribe') return args.map((channel, at) => `*3\r\n${bulk('subscribe')}${bulk(channel)}:${at + 1}\r\n`).join('');
    if (command === 'publish') {
      this.published.push([args[0] ?? '', args[1] ?? '']);
      return ':1\r\n';
    }
    return command === 'ping' ? '+PONG\r\n' : '+OK\r\n';
  }
}

export const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

function readCommand(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) return undefined;
    const start = at + size[0].length;
    at = start + Number(size[1]) + 2;
    if (at > text.length) return undefined;
    words.push(text.slice(start, at - 2));
  }
  return { words, length: at };
}
