import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Served } from './serve.ts';

/** Every request has a socket of its own. */
const agent = new Agent({ keepAlive: false });

export interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request; resolves when the head of the answer is there. */
export async function open(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<IncomingMessage> {
  const request = httpRequest(url, { method, headers, agent });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** Sends a request and reads the whole answer. */
export async function ask(url: string, asked: Asked = {}): Promise<Answered> {
  const response = await open(url, asked);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

interface Negotiated {
  readonly id: string;
  readonly token: string;
  /** The endpoint's URL with the token. */
  readonly url: string;
}

export async function negotiate({ hub }: Pick<Served, 'hub'>, headers: OutgoingHttpHeaders = {}): Promise<Negotiated> {
  const { body } = await ask(`${hub}/negotiate?negotiateVersion=1`, { method: 'POST', headers });
  const { connectionId, connectionToken } = JSON.parse(body) as { connectionId: string; connectionToken: string };
  return { id: connectionId, token: connectionToken, url: `${hub}?id=${connectionToken}` };
}

export const post = (url: string, body: string | Buffer): Promise<Answered> => ask(url, { method: 'POST', body });

export const eventStream = { Accept: 'text/event-stream' };

/** Negotiates and polls once. */
export async function startPolling(served: Pick<Served, 'hub'>): Promise<Negotiated> {
  const negotiated = await negotiate(served);
  await ask(negotiated.url);
  return negotiated;
}
