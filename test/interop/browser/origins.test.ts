import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type * as OfficialClient from '@microsoft/signalr';
import type { Browser, Page } from 'playwright-core';
import { authenticated, defineHub, method, SignalR, type SignalROptions } from 'signalbox';
import { jwtBearer } from 'signalbox/jwt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SECRET, secretToken } from '../../authentication/tokens.ts';
import { executable, launch } from './stage.ts';

const client = readFileSync(join(createRequire(import.meta.url).resolve('@microsoft/signalr/package.json'), '../dist/browser/signalr.js'));

/** A page with the official client. */
const page: RequestListener = (request, response) => {
  if (request.url === '/signalr.js') response.setHeader('Content-Type', 'text/javascript').end(client);
  else response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>app</title><script src="/signalr.js"></script>');
};

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const hub = defineHub()({
  authorize: authenticated,
  methods: { who: method([], ({ userId, transport, request }) => [userId, transport, request.headers.get('origin') ?? '']) },
});

describe.skipIf(executable === undefined)('a page of another origin', () => {
  let browser: Browser;
  const app = createServer(page);
  let origin: string;
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    browser = await launch();
    origin = `http://127.0.0.1:${await listen(app)}`;
  });
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });
  afterAll(async () => {
    await browser.close();
    app.close();
  });

  /** A hub on another port, which is another origin, and its address. */
  async function serve(options: SignalROptions): Promise<string> {
    const signalr = new SignalR(options).map('/hub', hub);
    const server = createServer();
    signalr.attach(server);
    const port = await listen(server);
    undo.push(async () => {
      await signalr.close({ timeout: 100 });
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${port}/hub`;
  }

  async function open(): Promise<Page> {
    const context = await browser.newContext();
    undo.push(() => context.close());
    const opened = await context.newPage();
    await opened.goto(origin);
    return opened;
  }

  interface Connecting {
    readonly url: string;
    readonly transport: 'WebSockets' | 'ServerSentEvents' | 'LongPolling';
    readonly token: string;
    readonly skipNegotiation?: boolean;
  }

  /** What the hub says to a client in the page, or why there is none. */
  function connect(tab: Page, connecting: Connecting): Promise<unknown> {
    return tab.evaluate(async ({ url, transport, token, skipNegotiation = false }) => {
      const { signalR } = globalThis as unknown as { signalR: typeof OfficialClient };
      const connection = new signalR.HubConnectionBuilder()
        .withUrl(url, { transport: signalR.HttpTransportType[transport], accessTokenFactory: () => token, skipNegotiation })
        .configureLogging(signalR.LogLevel.None)
        .build();
      try {
        await connection.start();
        const said: unknown = await connection.invoke('who');
        await connection.stop();
        return said;
      } catch (error) {
        return String(error);
      }
    }, connecting);
  }

  const authenticate = jwtBearer({ secret: SECRET });
  const transports = [
    ['WebSockets', 'webSockets'],
    ['ServerSentEvents', 'serverSentEvents'],
    ['LongPolling', 'longPolling'],
  ] as const;

  it.each(transports)('that is allowed talks over %s', async (transport, name) => {
    const url = await serve({ authenticate, allowedOrigins: [origin] });
    const said = (await connect(await open(), { url, transport, token: await secretToken() })) as string[];
    expect(said).toEqual(['ann', name, origin]);
  });

  it.each(transports)('that is not allowed does not, over %s', async (transport) => {
    const url = await serve({ authenticate, allowedOrigins: ['https://app.example'] });
    expect(await connect(await open(), { url, transport, token: await secretToken() })).toMatch(/Failed to fetch|TypeError/);
  });

  it.each(transports)('does not without the option, over %s: there are no CORS headers', async (transport) => {
    const url = await serve({ authenticate });
    expect(await connect(await open(), { url, transport, token: await secretToken() })).toMatch(/Failed to fetch|TypeError/);
  });

  it('may open a WebSocket without negotiation, unless the option says otherwise: CORS does not cover those', async () => {
    const direct = { transport: 'WebSockets', token: await secretToken(), skipNegotiation: true } as const;
    expect(await connect(await open(), { ...direct, url: await serve({ authenticate }) })).toEqual(['ann', 'webSockets', origin]);
    const allowing = await serve({ authenticate, allowedOrigins: [origin] });
    expect(await connect(await open(), { ...direct, url: allowing })).toEqual(['ann', 'webSockets', origin]);
    const refusing = await serve({ authenticate, allowedOrigins: [] });
    expect(await connect(await open(), { ...direct, url: refusing })).toContain('WebSocket failed to connect');
  });

  it('that is allowed reads why it is refused', async () => {
    const url = await serve({ authenticate, allowedOrigins: [origin] });
    expect(await connect(await open(), { url, transport: 'LongPolling', token: 'garbage' })).toContain("Status code '401'");
  });
});
