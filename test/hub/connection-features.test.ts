import { once } from 'node:events';
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type IHttpConnectionOptions } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import express, { type Request, type RequestHandler } from 'express';
import { memoryRequest } from 'signalbox/conformance';
import {
  clientCertificate,
  defineHub,
  feature,
  localAddress,
  method,
  SignalR,
  type HubEndpointOptions,
  type LogFields,
  type SignalROptions,
} from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { certificate, key, strangeCertificate, strangeKey } from '../transport/certificate.ts';
import { HubUnderTest } from './hub-under-test.ts';

interface Session {
  readonly name: string;
  visits: number;
}

/** Code in front of the hub that gives each request the session of its cookie, as session middleware does. */
const sessions = new Map([['s1', { name: 'Ada', visits: 0 }]]);
const withSession: RequestHandler = (request, _response, next) => {
  const id = /sid=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  Object.assign(request, { session: sessions.get(id) });
  next();
};
const session = feature((request: Request & { readonly session?: Session }) => request.session);
const unlisted = feature(() => 1);

const hub = defineHub()({
  methods: {
    about: method([], ({ request, transport, protocol, features, connectionId }) => ({
      path: request.url.pathname,
      colour: request.url.searchParams.get('colour'),
      agent: request.headers.get('x-agent'),
      cookies: [...request.cookies],
      remote: [request.remoteAddress, typeof request.remotePort],
      local: features.get(localAddress),
      visitor: features.get(session)?.name,
      visits: features.get(session)?.visits,
      unlisted: features.get(unlisted) ?? null,
      certificate: features.get(clientCertificate)?.subject ?? null,
      transport,
      protocol,
      connectionId: typeof connectionId,
    })),
    visit: method([], ({ features }) => {
      const visited = features.get(session);
      if (visited) visited.visits++;
      return visited?.visits;
    }),
  },
});

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Serves the hub behind Express and its session middleware, upgrades included. */
async function serve(
  options: SignalROptions = {},
  ofEndpoint: HubEndpointOptions = {},
): Promise<{ readonly url: string; readonly port: number; readonly logged: LogFields[] }> {
  const logged: LogFields[] = [];
  const signalr = new SignalR({
    log: (event, fields, error) => void logged.push({ ...fields, id: event.id, error: String(error) }),
    ...options,
  });
  signalr.map('/hub', hub, ofEndpoint);
  const app = express();
  app.use(withSession);
  app.use((request, response, next) => void (signalr.handle(request, response) || next()));
  const server = createServer(app);
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    void withSession(request as Request, new ServerResponse(request) as never, () => void signalr.handleUpgrade(request, socket, head));
  });
  const port = await listen(server);
  onTestFinished(async () => {
    await signalr.close();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}/hub?colour=r%C3%B6t`, port, logged };
}

async function connect(url: string, options: IHttpConnectionOptions = {}, messagePack = false): ReturnType<typeof start> {
  const builder = new HubConnectionBuilder().configureLogging(LogLevel.None);
  if (messagePack) builder.withHubProtocol(new MessagePackHubProtocol());
  const connection = builder
    .withUrl(url, { headers: { 'X-Agent': 'test', Cookie: 'a=1; sid=s1; b="x%20y"; c=100%; a=2' }, ...options })
    .build();
  return start(connection);
}

async function start(connection: ReturnType<HubConnectionBuilder['build']>): Promise<typeof connection> {
  onTestFinished(() => connection.stop());
  await connection.start();
  return connection;
}

const transports = [
  ['webSockets', HttpTransportType.WebSockets],
  ['serverSentEvents', HttpTransportType.ServerSentEvents],
  ['longPolling', HttpTransportType.LongPolling],
] as const;

describe.each(transports)('a hub method over %s', (name, transport) => {
  test('knows its connection, and what code in front has put on its request', async () => {
    const { url, port } = await serve({ features: [session, localAddress, clientCertificate] });
    const connection = await connect(url, { transport });
    expect(await connection.invoke('about')).toEqual({
      path: '/hub',
      colour: 'röt',
      agent: 'test',
      cookies: [
        ['a', '1'],
        ['sid', 's1'],
        ['b', 'x y'],
        ['c', '100%'],
      ],
      remote: ['127.0.0.1', 'number'],
      local: { address: '127.0.0.1', port },
      visitor: 'Ada',
      visits: 0,
      unlisted: null,
      certificate: null,
      transport: name,
      protocol: { name: 'json', version: name === 'webSockets' ? expect.any(Number) : 1, format: 'text' },
      connectionId: 'string',
    });
  });

  test('has the features of an endpoint in place of those of its host, and none where none are asked for', async () => {
    const about = async (...options: Parameters<typeof serve>): Promise<unknown[]> => {
      const { url } = await serve(...options);
      const { visitor, local }: { visitor?: string; local?: object } = await (await connect(url, { transport })).invoke('about');
      return [visitor, typeof local];
    };
    expect(await about({ features: [session] }, { features: [localAddress] })).toEqual([undefined, 'object']);
    expect(await about({ features: [session] }, { features: [] })).toEqual([undefined, 'undefined']);
    expect(await about()).toEqual([undefined, 'undefined']);
  });

  test('is not reached where a feature throws: the request is answered with 500', async () => {
    const broken = feature(() => {
      throw new Error('no session store');
    });
    const { url, logged } = await serve({ features: [broken] });
    await expect(connect(url, { transport, skipNegotiation: name === 'webSockets' })).rejects.toThrow();
    expect(logged[0]).toMatchObject({ id: 'transport.hook-failed', error: 'Error: no session store' });
  });
});

test('the values of a feature are those of the request, not copies', async () => {
  const { url } = await serve({ features: [session] });
  const connection = await connect(url);
  expect([await connection.invoke('visit'), await connection.invoke('visit')]).toEqual([1, 2]);
  expect(sessions.get('s1')?.visits).toBe(2);
});

test('a feature is read once of each request, before anybody is asked about it', async () => {
  const read: string[] = [];
  const counted = feature(({ method: verb, url }) => read.push(`${verb} ${url?.split('?')[0]}`));
  const asked: (number | undefined)[] = [];
  const { url } = await serve({
    features: [counted],
    authenticate: ({ features }) => {
      asked.push(features.get(counted));
      return undefined;
    },
    authorize: async ({ request }) => request.features.get(counted) !== undefined,
  });
  await connect(url, { transport: HttpTransportType.ServerSentEvents });
  expect(read.slice(0, 2)).toEqual(['POST /hub/negotiate', 'GET /hub']);
  expect(asked).toEqual(read.map((_, index) => index + 1));
});

test('the protocol is the one that the client chose', async () => {
  const { url } = await serve();
  const connection = await connect(url, { transport: HttpTransportType.LongPolling }, true);
  expect(await connection.invoke('about')).toMatchObject({ protocol: { name: 'messagepack', version: 1, format: 'binary' } });
});

test('a client certificate tells who the client is', async () => {
  const signalr = new SignalR({
    features: [clientCertificate],
    authenticate: ({ features }) => ({ sub: features.get(clientCertificate)?.subject ?? 'nobody' }),
    log: () => {},
  }).map('/hub', defineHub()({ methods: { who: method([], ({ userId }) => userId) } }));
  const server = createSecureServer({ key, cert: certificate, ca: certificate, requestCert: true, rejectUnauthorized: false });
  signalr.attach(server);
  const port = await listen(server);
  onTestFinished(async () => {
    await signalr.close();
    server.closeAllConnections();
    server.close();
  });
  const ask = async (shown: ClientOptions): Promise<unknown> => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/hub`, { ca: certificate, ...shown });
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.send('{"protocol":"json","version":1}\u001e{"type":1,"invocationId":"1","target":"who","arguments":[]}\u001e');
    for (let text = ''; ;) {
      const [data] = (await once(socket, 'message')) as [Buffer];
      text += String(data);
      const result = /"result":"(.*?)"/.exec(text);
      if (result !== null) return result[1];
    }
  };
  expect(await ask({ key, cert: certificate })).toBe('CN=localhost');
  expect(await ask({})).toBe('nobody');
  expect(await ask({ key: strangeKey, cert: strangeCertificate })).toBe('nobody');
});

describe('without a network', () => {
  test('a request can be made up, features included', () => {
    const client = new HubUnderTest(hub).connect({
      request: memoryRequest({
        url: '/hub?colour=blue',
        headers: { cookie: 'a=1', 'x-agent': 'made up' },
        remoteAddress: '192.0.2.1',
        remotePort: 4,
        features: [[session, { name: 'Bob', visits: 3 }]],
      }),
    });
    client.invoke('about');
    expect(client.take()[0]?.['result']).toMatchObject({
      path: '/hub',
      colour: 'blue',
      agent: 'made up',
      cookies: [['a', '1']],
      remote: ['192.0.2.1', 'number'],
      visitor: 'Bob',
      unlisted: null,
      protocol: { name: 'json', version: 1, format: 'text' },
    });
  });

  test('a request that nobody made up says nothing', () => {
    const client = new HubUnderTest(hub).connect();
    client.invoke('about');
    expect(client.take()[0]?.['result']).toMatchObject({ path: '/', colour: null, cookies: [], remote: [null, 'undefined'] });
  });
});

test.each([{ features: 'session' }, { features: [null] }, { features: [{}] }, { features: [(): number => 1] }])(
  'what is no list of features is refused: %j',
  (options) => {
    const refusal = expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION', message: expect.stringContaining('features') });
    expect(() => new SignalR(options as never)).toThrow(refusal);
    expect(() => new SignalR().map('/hub', hub, options as never)).toThrow(refusal);
  },
);
