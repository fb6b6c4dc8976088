import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { record } from './socket.ts';

const data = (text: string): string => `InvalidDataException: ${text}`;
const missing = (property: string): string => data(`Missing required property '${property}'.`);
const expected = (property: string, type: string): string => data(`Expected '${property}' to be of type ${type}.`);
const noObject = (token: string): string => data(`Unexpected JSON Token Type '${token}'. Expected a JSON Object.`);
const unreadable = data('Error reading JSON.');

/** Messages that end the connection, and what detailed errors say about them. */
const violations: readonly (readonly [sent: string, detail: string])[] = [
  ['not json', unreadable],
  ['', unreadable],
  ['{"type":6', unreadable],
  ['// comment', unreadable],
  ['[]', noObject('Array')],
  ['5', noObject('Number')],
  ['null', noObject('Null')],
  ['"s"', noObject('String')],
  ['{}', missing('type')],
  ['{"TYPE":6}', missing('type')],
  ['{"protocol":"json","version":1}', missing('type')],
  ['{"type":"1"}', expected('type', 'Number')],
  ['{"type":null}', expected('type', 'Number')],
  ['{"type":1.5}', 'FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32.'],
  ['{"type":1,"arguments":[]}', missing('target')],
  ['{"type":1,"target":null,"arguments":[]}', expected('target', 'String')],
  ['{"type":1,"target":5,"arguments":[]}', expected('target', 'String')],
  ['{"type":1,"target":"Void"}', missing('arguments')],
  ['{"type":1,"target":"Void","arguments":null}', expected('arguments', 'Array')],
  ['{"type":1,"target":"Void","arguments":"a"}', expected('arguments', 'Array')],
  ['{"type":1,"target":"Void","arguments":{}}', expected('arguments', 'Array')],
  ['{"type":1,"invocationId":5,"target":"Void","arguments":[]}', expected('invocationId', 'String')],
  ['{"type":1,"invocationId":null,"target":"Void","arguments":[]}', expected('invocationId', 'String')],
  ['{"type":2,"item":1}', missing('invocationId')],
  ['{"type":3,"result":1}', missing('invocationId')],
  ['{"type":4,"target":"Count","arguments":[1]}', missing('invocationId')],
  ['{"type":5}', missing('invocationId')],
  ['{"type":2,"invocationId":"1"}', missing('item')],
  ['{"type":3,"invocationId":"1","result":1,"error":"x"}', data("The 'error' and 'result' properties are mutually exclusive.")],
  ['{"type":8}', missing('sequenceId')],
  ['{"type":9}', missing('sequenceId')],
  ['{"type":1,"target":"Void","arguments":[],"headers":null}', expected('headers', 'StartObject')],
  ['{"type":1,"target":"Void","arguments":[],"headers":"x"}', expected('headers', 'StartObject')],
  ['{"type":1,"target":"Void","arguments":[],"headers":{"a":1}}', data("Expected header 'a' to be of type String.")],
  ['{"type":1,"target":"Void","arguments":[],"streamIds":"x"}', expected('streamIds', 'Array')],
  [
    '{"type":1,"target":"Void","arguments":[],"streamIds":[1]}',
    "InvalidOperationException: Cannot get the value of a token type 'Number' as a string.",
  ],
];

const closing = (detail?: string): object => ({
  type: 7,
  error: `Connection closed with an error.${detail === undefined ? '' : ` ${detail}`}`,
  allowReconnect: true,
});

const text = (id: string, length: number): string => {
  const empty = record({ type: 1, invocationId: id, target: 'Text', arguments: [''] });
  return empty.replace('""', `"${'x'.repeat(length - empty.length)}"`);
};

function limits(test: WireTest): void {
  describe('the message limit', () => {
    test('counts the separator', async ({ connect }) => {
      const socket = await connect('/small');
      socket.send(text('1', 1024));
      expect(await socket.upTo(1)).toMatchObject([{ invocationId: '1' }]);
      socket.send(text('1', 1025));
      expect(await socket.rest()).toEqual({ messages: [closing()], code: 1000 });
    });

    test('is 32 KiB unless told otherwise', async ({ connect }) => {
      const socket = await connect('/detailed');
      socket.send(text('1', 32_768));
      expect(await socket.upTo(1)).toMatchObject([{ invocationId: '1' }]);
      socket.send(text('1', 32_769));
      const detail = data('The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.');
      expect(await socket.rest()).toEqual({ messages: [closing(detail)], code: 1000 });
    });

    test('is for each message, not for a frame', async ({ connect }) => {
      const socket = await connect('/small');
      socket.send(text('1', 700) + text('2', 700) + text('3', 1024));
      expect(await socket.upTo(3)).toMatchObject([{ invocationId: '1' }, { invocationId: '2' }, { invocationId: '3' }]);
    });

    test('holds for a message that never ends', async ({ connect }) => {
      const socket = await connect('/small');
      socket.send('x'.repeat(600));
      socket.send('x'.repeat(600));
      expect(await socket.rest()).toEqual({ messages: [closing()], code: 1000 });
    });
  });
}

export function protocolViolations(test: WireTest, server: InteropServer): void {
  describe('messages that end the connection', () => {
    test('an unknown message type', async ({ connect }) => {
      const socket = await connect('/fast');
      const call = { type: 1, invocationId: '1', target: 'Void', arguments: [] };
      socket.send([{ type: 99 }, { type: 0 }, { type: -1 }, call].map(record).join(''));
      // By its second ping, a server that goes on reading has answered.
      const answered = { type: 3, invocationId: '1', result: null };
      const ping = { type: 6 };
      expect(await socket.upTo(2)).toEqual(server.differs('unknownMessageType', { aspnetcore: [ping, ping], signalbox: [answered, ping] }));
    });

    test.for(violations)('%s', async ([sent, detail], { connect }) => {
      const [plain, detailed] = await Promise.all([connect('/hub'), connect('/detailed')]);
      for (const socket of [plain, detailed]) socket.send(record(sent));
      expect(await plain.rest()).toEqual({ messages: [closing()], code: 1000 });
      expect(await detailed.rest()).toEqual({ messages: [closing(detail)], code: 1000 });
    });

    test('more than 64 levels of arrays and objects', async ({ connect }) => {
      const socket = await connect('/hub');
      // The message and its arguments are two of them.
      const nested = (levels: number): string =>
        record(`{"type":1,"invocationId":"1","target":"Echo","arguments":[${'['.repeat(levels)}${']'.repeat(levels)}]}`);
      socket.send(nested(62));
      expect(await socket.upTo(1)).toMatchObject([{ invocationId: '1', result: expect.any(Array) }]);
      socket.send(nested(63));
      expect(await socket.rest()).toEqual({ messages: [closing()], code: 1000 });
    });

    test('what stands before is answered, what stands behind is not', async ({ connect }) => {
      const socket = await connect('/hub');
      const call = (invocationId: string): string => record({ type: 1, invocationId, target: 'Void', arguments: [] });
      socket.send(call('1') + record('[]') + call('2'));
      expect(await socket.rest()).toEqual({ messages: [{ type: 3, invocationId: '1', result: null }, closing()], code: 1000 });
    });
  });

  limits(test);
}
