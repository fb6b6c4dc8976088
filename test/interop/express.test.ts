import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubConnectionBuilder, LogLevel } from '@microsoft/signalr';
import express from 'express';
import { SignalR } from 'signalbox';
import { typed } from 'signalbox/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat } from '../../examples/express/chat.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8').trim();

describe('the README', () => {
  test.each(['chat.ts', 'server.ts', 'browser.ts'])('shows examples/express/%s as it is', (file) => {
    expect(read('README.md').replace(`// ${file}\n`, '')).toContain(`\`\`\`ts\n${read(`examples/express/${file}`)}\n\`\`\``);
  });

  test('adds a hub to an Express app in under ten lines', () => {
    expect(
      read('examples/express/server.ts')
        .split('\n')
        .filter((line) => line !== '').length,
    ).toBeLessThan(10);
  });
});

describe('the hub of the README on Express', () => {
  const app = express();
  app.get('/health', (_, response) => response.send('ok'));
  const signalr = new SignalR().map('/chat', chat);
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = app.listen(0, '127.0.0.1');
    signalr.attach(server);
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await signalr.close();
    server.close();
  });

  test('leaves the other routes alone', async () => {
    expect(await (await fetch(`${url}/health`)).text()).toBe('ok');
    const missing = await fetch(`${url}/missing`);
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('Cannot GET /missing')]);
  });

  test('does everything that its types promise', async () => {
    const connection = new HubConnectionBuilder().withUrl(`${url}/chat`).configureLogging(LogLevel.Error).build();
    const hub = typed<typeof chat>(connection);
    const heard: string[][] = [];
    hub.on.message((...message) => {
      heard.push(message);
    });
    hub.on.confirm((question) => question === 'Leave lobby?');
    await connection.start();
    await hub.invoke.send('hi');
    await signalr.hub(chat).clients.all.message('system', 'hello');
    const counted: number[] = [];
    for await (const n of hub.stream.count(10)) {
      counted.push(n);
      if (n === 3) break;
    }
    const numbers = async function* (): AsyncGenerator<number> {
      yield 1;
      yield 2;
    };
    expect(await hub.invoke.sum(numbers())).toBe(3);
    expect(await hub.invoke.LeaveRoom('lobby')).toBe(true);
    expect(heard).toEqual([
      ['guest', 'hi'],
      ['system', 'hello'],
    ]);
    expect(counted).toEqual([1, 2, 3]);
    await connection.stop();
  });
});
