import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test as base, vi } from 'vitest';
import { bytesOf, loadVectors } from '../protocol/hub/vectors.ts';
import { signalbox } from './servers.ts';
import { BinarySocket, binaryHandshake, framed } from './wire/binary-socket.ts';
import { PolledConnection } from './wire/polling.ts';
import { ask } from './wire/request.ts';
import { record } from './wire/socket.ts';

vi.setConfig({ maxConcurrency: 12 });

const server = signalbox();
beforeAll(() => server.start());
afterAll(() => server.stop());

type Open = (path: string) => Promise<BinarySocket>;

const test = base.extend<{ readonly open: Open; readonly connect: Open }>({
  open: async ({ onTestFinished }, use) => {
    await use(async (path) => {
      const socket = await BinarySocket.open(server.url + path);
      onTestFinished(() => socket.cut());
      return socket;
    });
  },
  connect: async ({ open }, use) => {
    await use(async (path) => {
      const socket = await open(path);
      socket.send(binaryHandshake, false);
      expect(await socket.next(3)).toBe('7b7d1e');
      return socket;
    });
  },
});

/** A short text, as MessagePack has it. */
const text = (value: string): string => {
  const bytes = Buffer.from(value);
  return (bytes.length < 32 ? Buffer.of(0xa0 + bytes.length) : Buffer.of(0xd9, bytes.length)).toString('hex') + bytes.toString('hex');
};
const packed = (...messages: readonly string[]): string => Buffer.concat(messages.map(framed)).toString('hex');

/** A call whose answer comes behind all others. */
const last = `96 01 80 ${text('z')} ${text('Void')} 90 90`;
const lastAnswer = `95 03 80 ${text('z')} 03 c0`;

const call = (target: string, args: string, rest = ' 90'): string => `96 01 80 ${text('1')} ${text(target)} ${args}${rest}`;
const stream = (target: string, args: string): string => `96 04 80 ${text('1')} ${text(target)} ${args} 90`;
const result = (value: string): string => `95 03 80 ${text('1')} 03 ${value}`;
const item = (value: string): string => `94 02 80 ${text('1')} ${value}`;
const end = `94 03 80 ${text('1')} 02`;
const failure = (error: string): string => `95 03 80 ${text('1')} 01 ${text(error)}`;
const failed = (target: string): string => `Failed to invoke '${target}' due to an error on the server.`;

/** What is sent, and what answers it: messages without their lengths. */
const calls: readonly (readonly [name: string, sent: readonly string[], answers: readonly string[]])[] = [
  ['a call and its result', [call('Text', `91 ${text('x')}`)], [result(text('x'))]],
  ['a method without a result has the result null', [call('Void', '90')], [result('c0')]],
  ['a result of null', [call('Nothing', '90')], [result('c0')]],
  ['a call without stream ids', [`95 01 80 ${text('1')} ${text('Void')} 90`], [result('c0')]],
  ['a call of eight items', [`98 01 80 ${text('1')} ${text('Void')} 90 90 c0 01`], [result('c0')]],
  ['a call with a header', [`96 01 81 ${text('a')} ${text('b')} ${text('1')} ${text('Void')} 90 90`], [result('c0')]],
  ['no answer to a call with the id nil', [`96 01 80 c0 ${text('Void')} 90 90`], []],
  ['no answer to a call with an empty id', [`96 01 80 a0 ${text('Throw')} 91 ${text('x')} 90`], []],
  ['arguments that are nil', [call('Text', 'c0')], [failure(failed('Text'))]],
  ['arguments that are a text', [call('Text', text('x'))], [failure(failed('Text'))]],
  ['an argument of the wrong type', [call('Add', `92 01 ${text('2')}`)], [failure(failed('Add'))]],
  ['an unknown method', [call('NoSuch', '90')], [failure(`${failed('NoSuch')} HubException: Method does not exist.`)]],
  ['integers in any encoding', [call('Add', '92 d3 ffffffffffffffff cf 0000000000000002')], [result('01')]],
  ['a double', [call('Real', '91 cb 3fe0000000000000')], [result('cb 3fe0000000000000')]],
  ['a float', [call('Real', '91 ca 3f000000')], [result('cb 3fe0000000000000')]],
  ['a time in four bytes', [call('Time', '91 d6ff 65e07a70')], [result('d6ff 65e07a70')]],
  ['a time in eight bytes', [call('Time', '91 d7ff 77359400 65e07a70')], [result('d7ff 77359400 65e07a70')]],
  [
    'names of properties in another case',
    [call('Older', `91 83 ${text('Name')} a0 ${text('age')} 01 ${text('tags')} 90`)],
    [failure(failed('Older'))],
  ],
  ['an array for an object', [call('Older', '91 93 a0 01 90')], [failure(failed('Older'))]],
  ['an acknowledgement', ['92 08 01', '92 09 01'], []],
  ['messages of an unknown type', ['91 63', '91 00', '91 ff'], []],
  ['a ping', ['91 06'], []],
];

describe.concurrent('MessagePack on the wire', { timeout: 20_000 }, () => {
  test('the handshake is answered in a binary frame', async ({ open }) => {
    const socket = await open('/hub');
    socket.send(binaryHandshake, false);
    expect(await socket.next(3)).toBe('7b7d1e');
    expect(socket.binary).toEqual([true]);
  });

  test('a version that does not exist is refused', async ({ open }) => {
    const socket = await open('/hub');
    socket.send(record({ protocol: 'MessagePack', version: 3 }));
    const error = "The server does not support version 3 of the 'messagepack' protocol.";
    expect((await socket.rest()).toString()).toBe(record({ error }));
  });

  test.for(calls)('%s', async ([, sent, answers], { connect }) => {
    const socket = await connect('/hub');
    socket.send(Buffer.concat([...sent, last].map(framed)));
    const expected = packed(...answers, lastAnswer);
    expect(await socket.next(expected.length / 2)).toBe(expected);
    expect(socket.binary).not.toContain(false);
  });

  test('a stream', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.send(framed(stream('Count', '91 02')));
    const expected = packed(item('01'), item('02'), end);
    expect(await socket.next(expected.length / 2)).toBe(expected);
  });

  test('a text frame is read like a binary one, and messages come in any pieces', async ({ connect }) => {
    const socket = await connect('/hub');
    const bytes = framed(call('Text', `91 ${text('x')}`));
    for (let at = 0; at < bytes.length; at += 5) socket.send(bytes.subarray(at, at + 5), at % 2 === 0);
    const expected = packed(result(text('x')));
    expect(await socket.next(expected.length / 2)).toBe(expected);
  });

  test('what the server sends has six items, with nil as its id and null as it is', async ({ connect }) => {
    const socket = await connect('/hub?welcome');
    const [head, tail] = [`96 01 80 c0 ${text('welcome')} 92 b6`, 'c0 90'].map((part) => part.replaceAll(' ', ''));
    const length = `${head}${tail}`.length / 2 + 22;
    const message = await socket.next(1 + length);
    expect(message.slice(0, 2)).toBe(length.toString(16));
    expect(message.slice(2)).toMatch(new RegExp(`^${head}[0-9a-f]{44}${tail}$`));
  });

  test('pings', async ({ connect }) => {
    const socket = await connect('/fast');
    expect(await socket.next(6)).toBe(packed('91 06', '91 06'));
  });

  test.for([
    ['a client that leaves', '93 07 c0 c2'],
    ['a client that leaves in two items', '92 07 c0'],
    ['a client that the hub sends away', `96 01 80 c0 ${text('Abort')} 90 90`],
  ] as const)('%s', async ([, sent], { connect }) => {
    const socket = await connect('/hub');
    socket.send(framed(sent));
    expect((await socket.rest()).toString('hex')).toBe(packed('93 07 c0 c2'));
    expect(await socket.closed).toBe(1000);
  });

  const broken = loadVectors().messagepack.filter(({ error, limit, messages }) => error && limit === undefined && messages === undefined);
  test.for(broken)('ends with an error: $name', async (vector, { connect }) => {
    const [plain, detailed] = await Promise.all([connect('/hub'), connect('/detailed')]);
    for (const socket of [plain, detailed]) socket.send(bytesOf(vector));
    const closing = 'Connection closed with an error.';
    expect((await plain.rest()).toString('hex')).toBe(packed(`93 07 ${text(closing)} c3`));
    const words = `${closing} ${vector.error?.name}: ${vector.error?.message}`;
    const close = Buffer.from(`9307${text(words)}c3`, 'hex');
    // Longer than what one byte of length can say.
    const length = close.length < 128 ? Buffer.of(close.length) : Buffer.of((close.length & 0x7f) | 0x80, close.length >> 7);
    expect((await detailed.rest()).toString('hex')).toBe(Buffer.concat([length, close]).toString('hex'));
    expect(await Promise.all([plain.closed, detailed.closed])).toEqual([1000, 1000]);
  });

  test('over long polling, all of it is bytes', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    await connection.poll();
    await connection.send(binaryHandshake);
    const bytes = 'application/octet-stream';
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '{}\x1e' });
    await connection.send(framed(call('Text', `91 ${text('é')}`)));
    const response = await ask(connection.url);
    expect(response.headers['content-type']).toBe(bytes);
    expect((await buffer(response)).toString('hex')).toBe(packed(result(text('é'))));
    await connection.delete();
  });
});
