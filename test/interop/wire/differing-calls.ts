import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { call, failed, failure, item, result, stream, unexpected } from './messages.ts';
import { record } from './socket.ts';

/** Calls that the two servers answer differently. */
export function differingCalls(test: WireTest, server: InteropServer): void {
  describe('calls, where the servers differ', () => {
    test.for([
      {
        name: 'names of properties in another case',
        sent: call('Older', [{ NAME: 'Zoë', aGE: 41, Tags: [] }]),
        key: 'propertyCase',
        reference: { name: 'Zoë', age: 42, tags: ['older'] },
      },
      { name: 'null for a text', sent: call('Text', [null]), key: 'nullForText', reference: null },
    ] as const)('$name', async ({ sent, key, reference }, { connect }) => {
      const socket = await connect('/hub');
      socket.send(record(sent));
      const refusal = failure(failed((sent as { target: string }).target));
      expect(await socket.upTo(1)).toEqual([server.differs(key, { aspnetcore: result(reference), signalbox: refusal })]);
    });

    test('a last argument left out that has a default', async ({ connect }) => {
      const sockets = await Promise.all([connect('/hub'), connect('/detailed')]);
      for (const socket of sockets) socket.send(record(call('Greet', ['Zoë'])));
      const count = `${failed('Greet')} InvalidDataException: Invocation provides 1 argument(s) but target expects 2.`;
      const greeted = result('hello, Zoë');
      expect(await Promise.all(sockets.map((socket) => socket.upTo(1)))).toEqual(
        server.differs('omittedArgument', {
          aspnetcore: [[failure(failed('Greet'))], [failure(count)]],
          signalbox: [[greeted], [greeted]],
        }),
      );
    });

    test.for([
      ['arguments', '{"type":1,"invocationId":"1","target":"Add","arguments":[1.0,1e1]}', failure(failed('Add')), result(11)],
      [
        'the type',
        '{"type":1.0,"invocationId":"1","target":"Void","arguments":[]}',
        { type: 7, error: 'Connection closed with an error.', allowReconnect: true },
        result(null),
      ],
    ] as const)('whole numbers with a point or an exponent as %s', async ([, sent, aspnetcore, signalbox], { connect }) => {
      const socket = await connect('/hub');
      socket.send(record(sent));
      expect(await socket.upTo(1)).toEqual([server.differs('wholeNumbers', { aspnetcore, signalbox })]);
    });

    test('a call of the wrong kind, of a method that fails', async ({ connect }) => {
      const socket = await connect('/hub');
      socket.send(record(stream('Refuse', ['it ran'])));
      socket.send(record(call('RefuseStream', ['it ran'])));
      const ran = (name: string): object => failure(`${unexpected(name)} HubException: it ran`);
      const refusal = (name: string, is: string, called: string): object =>
        failure(`The client attempted to invoke the ${is} '${name}' method with a ${called} invocation.`);
      expect(await socket.upTo(2)).toEqual(
        server.differs('wrongKind', {
          aspnetcore: [refusal('Refuse', 'non-streaming', 'streaming'), refusal('RefuseStream', 'streaming', 'non-streaming')],
          signalbox: [ran('Refuse'), ran('RefuseStream')],
        }),
      );
    });

    test('wrong arguments for a method that the caller may not use', async ({ connect }) => {
      const socket = await connect('/hub');
      socket.send(record(call('Secret', [1])));
      const unauthorized = failure("Failed to invoke 'Secret' because user is unauthorized");
      expect(await socket.upTo(1)).toEqual([
        server.differs('authorizationFirst', { aspnetcore: failure(failed('Secret')), signalbox: unauthorized }),
      ]);
    });

    test('a stream id that a second upload names', async ({ connect }) => {
      const socket = await connect('/parallel');
      const sum = (invocationId: string): object => call('Sum', [], { invocationId, streamIds: ['s'] });
      socket.send([sum('1'), item(1, 's'), sum('2'), item(2, 's'), { type: 3, invocationId: 's' }].map(record).join(''));
      const refused = { type: 3, invocationId: '2', error: `${unexpected('Sum')} HubException: Stream ID 's' is already in use.` };
      const expected = server.differs('reusedStreamId', { aspnetcore: [result(2, '2')], signalbox: [refused, result(3)] });
      expect(await socket.upTo(expected.length)).toEqual(expected);
      expect(await socket.settle()).toEqual([]);
    });

    test.for([
      {
        name: 'an uploaded item of the wrong type',
        sent: [call('Sum', [], { invocationId: '1', streamIds: ['2'] }), item('one', '2'), item(2, '2')],
        text: `${unexpected('Sum')} HubException: Failed to bind Stream message.`,
        reference: 'JsonException: The JSON value could not be converted to System.Int32. Path: $ | LineNumber: 0 | BytePositionInLine: 5.',
      },
      {
        name: 'a comma too many in the arguments',
        sent: ['{"type":1,"invocationId":"1","target":"Text","arguments":["a",]}'],
        text: failed('Text'),
        reference:
          'JsonReaderException: The JSON array contains a trailing comma at the end which is not supported in this mode. Change the reader options. LineNumber: 0 | BytePositionInLine: 62.',
      },
    ])('$name fails the call only, and detailed errors say why', async ({ sent, text, reference }, { connect }) => {
      const [plain, detailed] = await Promise.all([connect('/hub'), connect('/detailed')]);
      for (const socket of [plain, detailed]) socket.send(sent.map(record).join(''));
      expect(await plain.upTo(1)).toEqual([failure(text)]);
      expect(await plain.settle()).toEqual([]);
      const [answered] = (await detailed.upTo(1)) as { error: string }[];
      expect(answered?.error.slice(0, text.length + 1)).toBe(`${text} `);
      expect(answered?.error.slice(text.length + 1)).toEqual(
        server.differs('libraryWords', { aspnetcore: reference, signalbox: expect.stringMatching(/\S/) }),
      );
    });
  });
}
