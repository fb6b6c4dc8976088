import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineHub, logText, method, SignalR } from 'signalbox';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { appServerEvents } from '../../src/app-server/log-events.ts';
import type { LogEvent } from '../../src/base/log.ts';
import { busEvents } from '../../src/bus/log-events.ts';
import { serveEvents } from '../../src/cli/log-events.ts';
import { clusterEvents } from '../../src/cluster/log-events.ts';
import { hubEvents } from '../../src/hub/log-events.ts';
import { meteringEvents } from '../../src/metering/log-events.ts';
import { redisEvents } from '../../src/redis/log-events.ts';
import { serviceEvents } from '../../src/service/log-events.ts';
import { transportEvents } from '../../src/transport/log-events.ts';

const floors: Readonly<Record<string, Readonly<Record<string, LogEvent>>>> = {
  Hubs: hubEvents,
  Transports: transportEvents,
  Redis: redisEvents,
  Bus: busEvents,
  'App servers': appServerEvents,
  Service: serviceEvents,
  'Nodes of a service': clusterEvents,
  'The command signalbox serve': serveEvents,
  Metering: meteringEvents,
};
const events = Object.values(floors).flatMap((table) => Object.values(table));

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row({ id, level, name, text, about, reference }: LogEvent): string {
  return `| \`${id}\` | ${level} | ${reference === true ? `**${name}**` : name} | ${cell(text)} | ${cell(about)} |\n`;
}

/** docs/log-events.md, as the tables have it. */
const page = `# Log events

What Signalbox says to operators, through the option \`log\` ([telemetry.md](telemetry.md#logs) has the loggers). An id is stable; a text is not, except where the name is
bold: name and text are then those of ASP.NET Core SignalR, so that searches and alerts find them. Braces are filled in with fields of that name. With most events come
\`connectionId\`, \`hub\` and the error, as fields of their own. Tokens, headers and what clients send as arguments are never logged; the text of an error that your own code throws is.

By default warnings and errors go to standard error, and nothing else goes anywhere. \`signalbox serve\` logs events of level info, too, and has [settings](operation.md#logs) for it.

This page is made of the tables in the source, by \`npx vitest run --project fast test/hub/log-events.test.ts -u\`.
${Object.entries(floors)
  .map(
    ([floor, table]) =>
      `\n## ${floor}\n\n| id | level | name | text | what has happened |\n| --- | --- | --- | --- | --- |\n${Object.values(table)
        .map((event) => row(event))
        .join('')}`,
  )
  .join('')}`;

describe('the tables of log events', () => {
  it('are what docs/log-events.md lists', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/log-events.md');
  });

  it('have each id once, named after its floor', () => {
    const ids = events.map(({ id }) => id);
    expect(ids.length).toBe(new Set(ids).size);
    for (const id of Object.values(hubEvents).map((event) => event.id)) expect(id).toMatch(/^hub(\.[a-z]+(-[a-z]+)*)$/);
    for (const id of Object.values(redisEvents).map((event) => event.id)) expect(id).toMatch(/^redis(\.[a-z]+(-[a-z]+)*)$/);
    for (const id of Object.values(appServerEvents).map((event) => event.id)) expect(id).toMatch(/^app-server\.[a-z]+(-[a-z]+)*$/);
    for (const id of Object.values(busEvents).map((event) => event.id)) expect(id).toMatch(/^bus(\.[a-z]+(-[a-z]+)*)$/);
    for (const id of Object.values(serviceEvents).map((event) => event.id)) expect(id).toMatch(/^service(\.[a-z]+(-[a-z]+)*)$/);
    for (const id of Object.values(meteringEvents).map((event) => event.id)) expect(id).toMatch(/^metering(\.[a-z]+(-[a-z]+)*)$/);
    for (const id of Object.values(transportEvents).map((event) => event.id)) expect(id).toMatch(/^transport(\.[a-z]+(-[a-z]+)*)$/);
  });

  it.each(events.map((event) => [event.id, event] as const))('%s has a name and sentences', (_, { name, text, about }) => {
    expect(name).toMatch(/^([A-Z][a-z]+)+$/);
    expect(text).toMatch(/^(\{|[A-Z]|authenticate|allowedOrigins|userId|webSockets).*(\.|\})$/);
    expect(about).toMatch(/^$|^(`|[A-Z]).*\.$/);
  });
});

describe('what is said', () => {
  it('of a connection: its beginning, its handshake and its end, with its id', async () => {
    const { said, url } = await listening();
    const socket = new WebSocket(url);
    await once(socket, 'open');
    socket.send('{"protocol":"json","version":1}\x1e');
    await once(socket, 'message');
    socket.close();
    await eventually(() => expect(said).toHaveLength(3));
    const [, id = ''] = /New connection (\S+) created\./.exec(said[0] ?? '') ?? [];
    expect(said.slice(1)).toEqual([
      "Completed connection handshake. Using HubProtocol 'json'.",
      `Removing connection ${id} from the list of connections.`,
    ]);
  });

  it('of a client that breaks the WebSocket protocol', async () => {
    const { said, url } = await listening();
    const socket = new WebSocket(url);
    const opened = once(socket, 'open');
    const [request] = (await once(socket, 'upgrade')) as [IncomingMessage];
    await opened;
    // A reserved opcode.
    request.socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
    await once(socket, 'close');
    await eventually(() => expect(said.at(-1)).toMatch(/^Removing/));
    expect(said[1]).toMatch(/^The client of connection \S+ broke the WebSocket protocol\./);
  });

  it('of a stream that failed after it began', async () => {
    const { said, url } = await listening();
    const socket = new WebSocket(url);
    await once(socket, 'open');
    socket.send('{"protocol":"json","version":1}\x1e{"type":4,"invocationId":"7","target":"fail","arguments":[]}\x1e');
    await eventually(() => expect(said.at(-1)).toBe('Invocation ID 7: Failed while sending stream items from hub method fail.'));
    socket.terminate();
  });
});

/** A hub on a free port, and the texts of all that it says. */
async function listening(): Promise<{ readonly said: string[]; readonly url: string }> {
  const said: string[] = [];
  const hub = defineHub()({
    methods: {
      fail: method([], function* () {
        yield 1;
        throw new Error('no');
      }),
    },
  });
  const signalr = new SignalR({ log: (event, fields) => void said.push(logText(event, fields)) }).map('/hub', hub);
  const server = createServer();
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    await signalr.close();
    server.close();
    server.closeAllConnections();
  });
  return { said, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/hub` };
}
