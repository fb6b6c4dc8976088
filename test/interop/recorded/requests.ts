import { Agent, request, type IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Requests over one TCP connection, one after the other, with the headers they are given and no content type of their own. */
export class Requests {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** The head of the answer. Rejects when the connection is cut. */
  head(url: string, { method, headers, body }: Asked): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const length = method === 'POST' ? { 'Content-Length': body.length } : {};
      const sent = request(url, { method, headers: { ...headers, ...length }, agent: this.#agent });
      sent.on('error', reject);
      sent.on('response', resolve);
      sent.end(body);
    });
  }

  /** The whole answer. Rejects when the connection is cut. */
  async whole(url: string, asked: Asked): Promise<Answer> {
    const response = await this.head(url, asked);
    const body = Buffer.concat((await response.toArray()) as Buffer[]);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  }

  cut(): void {
    this.#agent.destroy();
  }
}
