import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface WireRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An HTTP answer, as the tables of this suite write it. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** Starts one HTTP request on a TCP connection of its own. */
export function begin(url: string, { method = 'GET', headers = {}, body }: WireRequest = {}): ClientRequest {
  const sent = request(url, { method, headers, agent: false });
  sent.end(body);
  return sent;
}

/** The head of the answer; the body is to be read. */
export function ask(url: string, wanted?: WireRequest): Promise<IncomingMessage> {
  return headOf(begin(url, wanted));
}

/** The whole answer. A WebSocket that is opened this way is cut. */
export function answer(url: string, wanted?: WireRequest): Promise<Answer> {
  return answerTo(begin(url, wanted));
}

export async function answerTo(sent: ClientRequest): Promise<Answer> {
  const response = await headOf(sent);
  const body = response.statusCode === 101 ? '' : await text(response);
  return { status: response.statusCode ?? 0, contentType: response.headers['content-type'], body };
}

function headOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', resolve);
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
  });
}

/** What a client that wants a WebSocket sends. */
export const upgrade: Readonly<Record<string, string>> = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

export interface Negotiated {
  readonly connectionId: string;
  readonly connectionToken: string;
}

export async function negotiate(endpoint: string): Promise<Negotiated> {
  const { body } = await answer(`${endpoint}/negotiate?negotiateVersion=1`, { method: 'POST' });
  return JSON.parse(body) as Negotiated;
}
