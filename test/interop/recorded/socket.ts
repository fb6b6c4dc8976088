import type { IncomingMessage } from 'node:http';
import { connect, type NetConnectOpts, type Socket as TcpSocket } from 'node:net';
import { WebSocket } from 'ws';
import type { Activity } from './activity.ts';
import type { Inbox } from './inbox.ts';

/** A WebSocket of a recorded client, which sends the frames it is told to. Its messages go to the inbox. */
export class Socket {
  readonly inbox: Inbox;
  readonly #socket: WebSocket;
  #tcp: TcpSocket | undefined;
  /** The status of the server's answer to the request for it. */
  status: number | undefined;
  /** The code that it was closed with; 1006 without a close frame from the server. */
  code: number | undefined;
  /** Whether this side sent the first close frame. */
  closing = false;

  constructor(activity: Activity, inbox: Inbox, url: string, headers: Readonly<Record<string, string>>) {
    this.inbox = inbox;
    const createConnection = (options: NetConnectOpts): TcpSocket => (this.#tcp = connect(options));
    this.#socket = new WebSocket(url, { headers, perMessageDeflate: false, createConnection } as object);
    const answered = (response: IncomingMessage): void => {
      this.status = response.statusCode;
      activity.happened();
    };
    this.#socket.on('upgrade', answered);
    this.#socket.on('unexpected-response', (request, response) => {
      request.destroy();
      answered(response);
    });
    // What went wrong shows in what is missing.
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data, binary) => inbox.push(data as Buffer, binary));
    this.#socket.on('close', (code) => {
      this.code = code;
      activity.happened();
    });
  }

  send(data: Buffer, frame: { readonly binary: boolean; readonly fin: boolean }): void {
    this.inbox.hear(data);
    this.#socket.send(data, { ...frame, compress: false });
  }

  close(code: number): void {
    this.closing ||= this.#socket.readyState === WebSocket.OPEN;
    this.#socket.close(code);
  }

  /** Ends this side of the TCP connection. */
  end(): void {
    this.#tcp?.end();
  }

  cut(): void {
    this.#socket.terminate();
  }
}
