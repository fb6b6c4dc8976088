import { WebSocket, type ClientOptions } from 'ws';

const separator = '\x1e';

/** Milliseconds for what a server should do: longer than every time-out that the suite sets. */
const patience = 10_000;

export interface Ending {
  /** What came and was not read yet. */
  readonly messages: readonly unknown[];
  /** WebSocket close code; 1006 when there was none. */
  readonly code: number;
  /** The text of the close frame, where it has one. */
  readonly reason?: string;
}

/** A message in JSON, with its separator. */
export const record = (message: object | string): string => (typeof message === 'string' ? message : JSON.stringify(message)) + separator;

/** The handshake of every client that speaks JSON. */
export const handshake: string = record({ protocol: 'json', version: 1 });

/** A bare WebSocket that speaks JSON hub messages, and sends whatever it is told to. */
export class WireSocket {
  /** Whether each WebSocket message that came was a binary one. */
  readonly binary: boolean[] = [];
  readonly #socket: WebSocket;
  readonly #unread: string[] = [];
  readonly #ended: Promise<number>;
  #code: number | undefined;
  #reason = '';
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data, binary) => {
      this.binary.push(binary);
      this.#unread.push(...(data as Buffer).toString().split(separator).slice(0, -1));
      this.#wake();
    });
    this.#ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#code = code;
        this.#reason = reason.toString();
        this.#wake();
        resolve(code);
      });
    });
  }

  /** @param url - an http address */
  static async open(url: string, options: ClientOptions = {}): Promise<WireSocket> {
    const socket = new WebSocket(url.replace('http', 'ws'), options);
    const wire = new WireSocket(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return wire;
  }

  /** Sends the handshake, and fails unless it is accepted. */
  async handshake(): Promise<void> {
    this.send(handshake);
    const answer = await this.upTo(1);
    if (JSON.stringify(answer) !== '[{}]') throw new Error(`The handshake was answered by ${JSON.stringify(answer)}`);
  }

  /** The extensions that the server accepted. */
  get extensions(): string {
    return this.#socket.extensions;
  }

  send(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** @param code - of the close frame; none where it is left out */
  close(code?: number): void {
    this.#socket.close(code);
  }

  /** Sends a ping frame. Resolves when it is answered, or when the connection ends. */
  async ping(): Promise<'answered' | 'ended'> {
    const answered = new Promise<'answered'>((resolve) => this.#socket.once('pong', () => resolve('answered')));
    this.#socket.ping();
    return await within(Promise.race([answered, this.#ended.then(() => 'ended' as const)]), () => 'a pong');
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#socket.terminate();
  }

  /** The next `count` messages, or fewer if the connection ends before. */
  async upTo(count: number): Promise<unknown[]> {
    return (await this.textsUpTo(count)).map((text) => JSON.parse(text) as unknown);
  }

  /** The same as they came, without their separators. */
  async textsUpTo(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) {
      const text = await this.#next();
      if (text === undefined) break;
      texts.push(text);
    }
    return texts;
  }

  /** Waits for the end of the connection. */
  async rest(): Promise<Ending> {
    const code = await within(this.#ended, () => `the connection to end; unread: ${JSON.stringify(this.#unread)}`);
    const messages = this.#unread.splice(0).map((message) => JSON.parse(message) as unknown);
    return this.#reason === '' ? { messages, code } : { messages, code, reason: this.#reason };
  }

  /**
   * What the server still says before it answers a call that is made now. It answers in order: what has no answer by then will
   * have none. Ends with the connection, too.
   */
  async settle(): Promise<unknown[]> {
    this.send(record({ type: 1, invocationId: 'settle', target: 'Void', arguments: [] }));
    const messages: unknown[] = [];
    for (;;) {
      const message = await this.#next();
      if (message === undefined) return [...messages, `closed (${this.#code})`];
      if (message.includes('"settle"')) return messages;
      messages.push(JSON.parse(message));
    }
  }

  /** Undefined when the connection has ended. */
  async #next(): Promise<string | undefined> {
    while (this.#unread.length === 0 && this.#code === undefined) {
      await within(new Promise<void>((resolve) => (this.#wake = resolve)), () => 'another message');
    }
    return this.#unread.shift();
  }
}

/** Fails a promise that takes longer than any server may. */
async function within<T>(promise: Promise<T>, wanted: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${patience} ms for ${wanted()}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
