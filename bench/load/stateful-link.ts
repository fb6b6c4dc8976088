import type { Dialect } from './dialect.ts';
import { HttpClient, requestHead } from './http-client.ts';
import type { Endpoint, Link, LinkListener } from './link.ts';
import type { NumberedMessage, Template } from './template.ts';
import { WebSocketLink } from './websocket-link.ts';

const OK = 200;

/** A WebSocket behind a negotiation that asks for stateful reconnect. */
export class StatefulWebSocketLink implements Link {
  readonly #endpoint: Endpoint;
  readonly #dialect: Dialect;
  readonly #listener: LinkListener;
  readonly #negotiation: HttpClient;
  #webSocket: WebSocketLink | undefined;

  constructor(endpoint: Endpoint, dialect: Dialect, listener: LinkListener) {
    this.#endpoint = endpoint;
    this.#dialect = dialect;
    this.#listener = listener;
    let body = '';
    const sink = {
      head: (status: number): void => {
        if (status !== OK) throw new TypeError(`negotiation was answered with ${status}`);
      },
      body: (buffer: Buffer, start: number, end: number): void => void (body += buffer.toString('latin1', start, end)),
      end: (): void => this.#negotiated(body),
    };
    this.#negotiation = new HttpClient(endpoint, sink, (reason) => listener.closed(reason));
    const path = `${endpoint.path}/negotiate?negotiateVersion=1&useStatefulReconnect=true`;
    this.#negotiation.request(requestHead('POST', endpoint, path, [], 0));
  }

  prepare(message: NumberedMessage): Template {
    return this.#opened().prepare(message);
  }

  add(template: Template, value: number): void {
    this.#opened().add(template, value);
  }

  flush(): void {
    this.#webSocket?.flush();
  }

  destroy(): void {
    this.#negotiation.destroy();
    this.#webSocket?.destroy();
  }

  #negotiated(body: string): void {
    const { connectionToken = '', useStatefulReconnect } = JSON.parse(body) as {
      readonly connectionToken?: string;
      readonly useStatefulReconnect?: boolean;
    };
    if (useStatefulReconnect !== true) throw new TypeError('the server does not offer stateful reconnect');
    this.#negotiation.destroy();
    const endpoint = { ...this.#endpoint, path: `${this.#endpoint.path}?id=${encodeURIComponent(connectionToken)}` };
    this.#webSocket = new WebSocketLink(endpoint, this.#dialect, this.#listener);
  }

  #opened(): WebSocketLink {
    if (this.#webSocket === undefined) throw new TypeError('there is no WebSocket yet');
    return this.#webSocket;
  }
}
