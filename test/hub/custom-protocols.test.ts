import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  HttpTransportType,
  HubConnectionBuilder,
  JsonHubProtocol as ClientJson,
  LogLevel,
  Subject,
  TransferFormat,
  type HubConnection,
  type HubMessage,
  type IHubProtocol,
} from '@microsoft/signalr';
import { defineHub, method, SignalR, streamOf } from 'signalbox';
import { typed } from 'signalbox/client';
import { JsonHubProtocol, MessagePackHubProtocol, type HubProtocol } from 'signalbox/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { LengthPrefixedJsonProtocol } from '../../examples/protocols/length-prefixed-json-client.ts';
import { LengthPrefixedJson } from '../../examples/protocols/length-prefixed-json.ts';
import { JsonLines } from '../protocol/hub/json-lines.ts';
import { Handshake } from '../../src/hub/handshake.ts';
import { hubSettings } from '../../src/hub/options.ts';

/** The other end of `JsonLines`. */
class JsonLinesProtocol implements IHubProtocol {
  readonly name = 'json-lines';
  readonly version = 1;
  readonly transferFormat = TransferFormat.Text;

  parseMessages(input: string | ArrayBuffer): HubMessage[] {
    const lines = (input as string).split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as HubMessage);
  }

  writeMessage(message: HubMessage): string {
    return `${JSON.stringify(message)}\n`;
  }
}

interface Client {
  said(text: string): void;
  confirm(question: string): boolean;
}

const hub = defineHub<Client>()({
  connected: ({ groups }) => groups.join('all'),
  results: { confirm: z.boolean() },
  methods: {
    add: method([z.number(), z.number()], (_, a, b) => a + b),
    fail: method([], () => {
      throw new Error('no');
    }),
    say: method([z.string()], ({ clients }, text) => clients.group('all').said(text)),
    ask: method([z.string()], ({ clients }, question) => clients.caller.invoke.confirm(question)),
    count: method([z.int()], function* (_, to) {
      for (let i = 1; i <= to; i++) yield { i };
    }),
    sum: method([streamOf(z.number())], async (_, numbers) => {
      let sum = 0;
      for await (const n of numbers) sum += n;
      return sum;
    }),
    speaks: method([], ({ protocol }) => protocol),
  },
});

const signalr = new SignalR({
  protocols: [new JsonHubProtocol(), new LengthPrefixedJson(), new JsonLines()],
  log: () => {},
  maximumReceiveMessageSize: 1_000,
}).map('/hub', hub);
const server = createServer();
let url: string;

beforeAll(async () => {
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub`;
});

afterAll(async () => {
  await signalr.close();
  server.closeAllConnections();
  server.close();
});

async function connect(protocol: IHubProtocol, transport: HttpTransportType): Promise<HubConnection> {
  const connection = new HubConnectionBuilder()
    .withUrl(url, { transport })
    .withHubProtocol(protocol)
    .configureLogging(LogLevel.None)
    .build();
  onTestFinished(() => connection.stop());
  await connection.start();
  return connection;
}

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;
const cells: readonly (readonly [string, () => IHubProtocol, string, HttpTransportType])[] = [
  ['text', () => new JsonLinesProtocol(), 'WebSockets', WebSockets],
  ['text', () => new JsonLinesProtocol(), 'server-sent events', ServerSentEvents],
  ['text', () => new JsonLinesProtocol(), 'long polling', LongPolling],
  ['binary', () => new LengthPrefixedJsonProtocol(), 'WebSockets', WebSockets],
  ['binary', () => new LengthPrefixedJsonProtocol(), 'long polling', LongPolling],
];

describe.each(cells)("a %s protocol of one's own", (format, make, _transport, transport) => {
  test(`carries everything that a hub does, over ${_transport}`, async () => {
    const connection = await connect(make(), transport);
    const calls = typed<typeof hub>(connection);
    const other = await connect(new ClientJson(), WebSockets);
    const heard: string[] = [];
    const all = new Promise<void>((resolve) => {
      for (const [who, from] of [
        ['own', connection],
        ['json', other],
      ] as const) {
        from.on('said', (text: string) => heard.push(`${who}: ${text}`) === 2 && resolve());
      }
    });
    calls.on.confirm((question) => question === 'Sure? é世😀');

    expect(await calls.invoke.add(1, 2)).toBe(3);
    await expect(calls.invoke.fail()).rejects.toThrow("An unexpected error occurred invoking 'fail' on the server.");
    await expect(connection.invoke('add', 'one', 2)).rejects.toThrow("Failed to invoke 'add' due to an error on the server.");
    expect(await calls.invoke.ask('Sure? é世😀')).toBe(true);
    const counted: unknown[] = [];
    for await (const item of calls.stream.count(3)) counted.push(item);
    expect(counted).toEqual([{ i: 1 }, { i: 2 }, { i: 3 }]);
    const numbers = new Subject<number>();
    const sum = calls.invoke.sum(numbers);
    for (const n of [1, 2, 3]) numbers.next(n);
    numbers.complete();
    expect(await sum).toBe(6);
    await calls.invoke.say('hello');
    await all;
    expect(heard.toSorted()).toEqual(['json: hello', 'own: hello']);
    expect(await calls.invoke.speaks()).toMatchObject({ name: make().name, format });
  });

  test(`is held to the limits of its hub, over ${_transport}`, async () => {
    const connection = await connect(make(), transport);
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    await connection.send('say', 'x'.repeat(1_000));
    expect(String(await closed)).toContain('Connection closed with an error.');
  });
});

describe('a handshake', () => {
  const outcome = (protocol: HubProtocol, version: number, binary: boolean): unknown =>
    new Handshake(hubSettings(), [protocol], binary).push(
      Buffer.from(`{"protocol":"${protocol.name.toUpperCase()}","version":${version}}\u001e`),
    );

  test('is refused for a binary protocol where only text can travel', () => {
    const protocol = new LengthPrefixedJson();
    expect(outcome(protocol, 1, true)).toEqual({ protocol, version: 1 });
    expect(outcome(protocol, 1, false)).toEqual({
      refused:
        "Cannot use the 'length-prefixed-json' protocol on the current transport. The transport does not support 'Binary' transfer format.",
    });
  });

  test('is refused for a higher version than the protocol has', () => {
    expect(outcome(new LengthPrefixedJson(), 2, true)).toMatchObject({ version: 2 });
    expect(outcome(new JsonLines(), 1, false)).toMatchObject({ version: 1 });
    expect(outcome(new JsonLines(), 2, false)).toEqual({
      refused: "The server does not support version 2 of the 'json-lines' protocol.",
    });
  });
});

test('supportedProtocols names the protocols of its host, and no others', () => {
  expect(() => new SignalR({ protocols: [new JsonLines()] }).map('/hub', hub, { supportedProtocols: ['json'] })).toThrow(/'json-lines'/);
});

class Named extends JsonLines {
  constructor(parts: object) {
    super();
    Object.assign(this, parts);
  }
}

test.each<readonly [string, unknown, string]>([
  ['no list', new JsonLines(), 'protocols'],
  ['an empty list', [], 'protocols'],
  ['a hole', [new JsonLines(), undefined], 'protocols[1]'],
  ['two of one name', [new JsonHubProtocol(), new MessagePackHubProtocol(), new JsonHubProtocol()], "protocols[2].name is 'json'"],
  ['a name of capitals', [new Named({ name: 'JSON' })], "protocols[0].name is 'JSON'"],
  ['an empty name', [new Named({ name: '' })], 'protocols[0].name'],
  ['a version that there is not', [new Named({ version: 3 })], 'protocols[0].version is 3'],
  ['no version', [new Named({ version: undefined })], 'protocols[0].version'],
  ['a format that there is not', [new Named({ format: 'utf8' })], "protocols[0].format is 'utf8'"],
  ['no parse', [new Named({ parse: undefined })], 'protocols[0].parse'],
  ['no write', [new Named({ write: 1 })], 'protocols[0].write'],
])('protocols that are %s are refused', (_, protocols, text) => {
  expect(() => new SignalR({ protocols: protocols as HubProtocol[] })).toThrow(
    expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION', message: expect.stringContaining(text) }),
  );
});
