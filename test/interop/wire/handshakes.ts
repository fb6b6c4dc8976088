import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { handshake, record } from './socket.ts';

/** First messages that begin a hub connection. */
const accepted: readonly string[] = [
  '{"protocol":"json","version":1}',
  '{"protocol":"json","version":0}',
  '{"protocol":"json","version":-1}',
  '{"protocol":"json","version":2}',
  '{"version":1,"protocol":"json"}',
  '{"extra":[{}],"protocol":"json","version":1,"more":null}',
  '{"protocol":"JSON","version":1}',
  ' { "protocol" : "json" , "version" : 1 } ',
  '{"\\u0070rotocol":"\\u006ason","version":1}',
  '{"protocol":"json","version":1} and more',
  '{"protocol":"nope","protocol":"json","version":1}',
];

const unexpected = 'An unexpected error occurred during connection handshake.';

/** First messages that don't, and the error that answers: the same text with and without detailed errors. */
const refused: readonly (readonly [string, string])[] = [
  ['{"protocol":"json","version":3}', "The server does not support version 3 of the 'json' protocol."],
  ['{"protocol":"json","version":2147483647}', "The server does not support version 2147483647 of the 'json' protocol."],
  ['{"protocol":"nope","version":1}', "The protocol 'nope' is not supported."],
  ['{"protocol":"","version":1}', "The protocol '' is not supported."],
];

const data = (text: string): string => `InvalidDataException: ${text}`;
const expected = (property: string, type: string): string => data(`Expected '${property}' to be of type ${type}.`);
const missing = (property: string, sent: string): string => data(`Missing required property '${property}'. Message content: ${sent}`);
const noObject = (token: string): string => data(`Unexpected JSON Token Type '${token}'. Expected a JSON Object.`);
const noInt32 = 'FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32.';

/** First messages that are no handshake, and what detailed errors say about them. */
const malformed: readonly (readonly [sent: string, detail: string])[] = [
  ['{"protocol":"json","version":"1"}', expected('version', 'Number')],
  ['{"protocol":"json","version":1.5}', noInt32],
  ['{"protocol":"json","version":99999999999}', noInt32],
  ['{"protocol":5,"version":1}', expected('protocol', 'String')],
  ['{"protocol":null,"version":1}', expected('protocol', 'String')],
  ['{"protocol":"json"}', missing('version', '{"protocol":"json"}')],
  ['{"protocol":"json","version":null}', missing('version', '{"protocol":"json","version":null}')],
  ['{"version":1}', missing('protocol', '{"version":1}')],
  ['{"Protocol":"json","Version":1}', missing('protocol', '{"Protocol":"json","Version":1}')],
  ['{}', missing('protocol', '{}')],
  ['{"type":6}', missing('protocol', '{"type":6}')],
  ['[]', noObject('Array')],
  ['"x"', noObject('String')],
  ['null', noObject('Null')],
];

/** First messages that are no JSON, and what detailed errors of the reference server say about them. */
const unreadable: readonly (readonly [sent: string, detail: string])[] = [
  ['not json', "'not json' is an invalid JSON literal. Expected the literal 'null'. LineNumber: 0 | BytePositionInLine: 1."],
  [
    '',
    'The input does not contain any JSON tokens. Expected the input to start with a valid JSON token, when isFinalBlock is true. LineNumber: 0 | BytePositionInLine: 0.',
  ],
  ['\ufeff{"protocol":"json","version":1}', "'0xEF' is an invalid start of a value. LineNumber: 0 | BytePositionInLine: 0."],
  ['{"protocol":"json","version":1', "'1' is an invalid end of a number. Expected a delimiter. LineNumber: 0 | BytePositionInLine: 30."],
];

export function handshakes(test: WireTest, server: InteropServer): void {
  describe('handshake', () => {
    test.for(accepted)('accepts %s', async (first, { open }) => {
      const socket = await open('/hub');
      socket.send(record(first));
      expect(await socket.upTo(1)).toEqual([{}]);
      expect(await socket.settle()).toEqual([]);
    });

    test.for(refused)('refuses %s', async ([first, error], { open }) => {
      const sockets = await Promise.all([open('/hub'), open('/detailed')]);
      for (const socket of sockets) socket.send(record(first));
      const refusal = { messages: [{ error }], code: 1000 };
      expect(await Promise.all(sockets.map((socket) => socket.rest()))).toEqual([refusal, refusal]);
    });

    test('refuses a protocol that the hub does not offer', async ({ open }) => {
      const socket = await open('/binary');
      socket.send(handshake);
      expect(await socket.rest()).toEqual({ messages: [{ error: "The protocol 'json' is not supported." }], code: 1000 });
    });

    test.for(malformed)('does not understand %s', async ([first, detail], { open }) => {
      const [plain, detailed] = await Promise.all([open('/hub'), open('/detailed')]);
      for (const socket of [plain, detailed]) socket.send(record(first));
      expect(await plain.rest()).toEqual({ messages: [{ error: unexpected }], code: 1000 });
      expect(await detailed.rest()).toEqual({ messages: [{ error: `${unexpected} ${detail}` }], code: 1000 });
    });

    test.for(unreadable)('can not read %s', async ([first, words], { open }) => {
      const [plain, detailed] = await Promise.all([open('/hub'), open('/detailed')]);
      for (const socket of [plain, detailed]) socket.send(record(first));
      expect(await plain.rest()).toEqual({ messages: [{ error: unexpected }], code: 1000 });
      const detail = server.differs('libraryWords', {
        aspnetcore: `JsonReaderException: ${words}`,
        signalbox: expect.stringMatching(/^JsonReaderException: \S/),
      });
      const { messages } = await detailed.rest();
      expect(messages).toEqual([{ error: expect.stringContaining(`${unexpected} `) }]);
      expect((messages[0] as { error: string }).error.slice(unexpected.length + 1)).toEqual(detail);
    });

    test('a handshake over the receive limit is cancelled', async ({ open }) => {
      const socket = await open('/small');
      socket.send(record(`{"protocol":"json","version":1,"x":"${'x'.repeat(1024)}"}`));
      expect(await socket.rest()).toEqual({ messages: [{ error: 'Handshake was canceled.' }], code: 1000 });
    });

    test('a handshake that does not come in time is cancelled', async ({ open }) => {
      const sockets = await Promise.all([open('/fast'), open('/fast'), open('/fast-detailed')]);
      sockets[1]?.send(handshake.slice(0, 10));
      const cancelled = { messages: [{ error: 'Handshake was canceled.' }], code: 1000 };
      expect(await Promise.all(sockets.map((socket) => socket.rest()))).toEqual([cancelled, cancelled, cancelled]);
    });

    test('may come in pieces, and together with what follows', async ({ open }) => {
      const socket = await open('/hub');
      socket.send(handshake.slice(0, 10));
      socket.send(handshake.slice(10) + record({ type: 1, invocationId: '1', target: 'Text', arguments: ['a'] }));
      expect(await socket.upTo(2)).toEqual([{}, { type: 3, invocationId: '1', result: 'a' }]);
    });
  });

  describe('a connection that the hub turns away', () => {
    test.for([
      ['/hub?fail=boom', { type: 7, error: 'Connection closed with an error.' }],
      ['/detailed?fail=boom', { type: 7, error: 'Connection closed with an error. InvalidOperationException: boom' }],
      ['/hub?abort', { type: 7 }],
    ] as const)('%s', async ([path, close], { open }) => {
      const socket = await open(path);
      socket.send(handshake);
      expect(await socket.rest()).toEqual({ messages: [{}, close], code: 1000 });
    });
  });
}
