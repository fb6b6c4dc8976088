import { describe, expect } from 'vitest';
import type { WireTest } from './fixtures.ts';
import { call, end, failed, failure, item, result, stream, unexpected } from './messages.ts';
import { record } from './socket.ts';

const streams = (sent: number, expected: number): object =>
  failure(`${unexpected('Sum')} HubException: Client sent ${sent} stream(s), Hub method expects ${expected}.`);

interface Row {
  readonly name: string;
  /** Sent in one frame; a string as it is. */
  readonly sent: readonly (object | string)[];
  readonly answers: readonly object[];
  /** Where detailed errors change the answers. */
  readonly detailed?: readonly object[];
}

const rows: readonly Row[] = [
  { name: 'a void method has the result null', sent: [call('Void', [])], answers: [result(null)] },
  { name: 'a result of null', sent: [call('Nothing', [])], answers: [result(null)] },
  {
    name: 'several calls in one frame',
    sent: [call('Text', ['a']), call('Text', ['b'], { invocationId: '2' })],
    answers: [result('a'), result('b', '2')],
  },
  { name: 'two calls of one id', sent: [call('Text', ['a']), call('Text', ['b'])], answers: [result('a'), result('b')] },
  { name: 'no invocation id: no answer', sent: [call('Text', ['a'], {})], answers: [] },
  { name: 'an empty invocation id: no answer', sent: [call('Text', ['a'], { invocationId: '' })], answers: [] },
  {
    name: 'no invocation id: no answer to faulty calls either',
    sent: [
      call('NoSuch', [], {}),
      call('Text', [], {}),
      call('Add', ['x', 1], {}),
      call('Throw', ['boom'], {}),
      call('Count', [1], {}),
      call('Sum', [], {}),
    ],
    answers: [],
  },
  {
    name: 'an empty name is an unknown one',
    sent: [call('', [])],
    answers: [failure(`${failed('')} HubException: Method does not exist.`)],
  },
  {
    name: 'arguments before the target',
    sent: ['{"arguments":["a"],"target":"Text","invocationId":"1","type":1}'],
    answers: [result('a')],
  },
  {
    name: 'unknown properties, headers and spaces',
    sent: [
      ' { "type" : 1 , "x" : [ { } ] , "headers" : { "a" : "b" } , "invocationId" : "1" , "target" : "Text" , "arguments" : [ "a" ] , "streamIds" : [ ] } ',
    ],
    answers: [result('a')],
  },
  {
    name: 'escaped names',
    sent: [String.raw`{"\u0074ype":1,"invocationId":"1","target":"\u0054ext","arguments":["a"]}`],
    answers: [result('a')],
  },
  {
    name: 'of a repeated type the last counts',
    sent: ['{"type":6,"invocationId":"1","target":"Text","arguments":["a"],"type":1}'],
    answers: [result('a')],
  },
  {
    name: 'text behind the object',
    sent: ['{"type":1,"invocationId":"1","target":"Text","arguments":["a"]} and more'],
    answers: [result('a')],
  },
  { name: 'a stream', sent: [stream('Count', [2])], answers: [item(1), item(2), end] },
  { name: 'an empty stream', sent: [stream('Count', [0])], answers: [end] },
  {
    name: 'a stream that breaks',
    sent: [stream('CountThenThrow', [1, 'boom'])],
    answers: [item(1), failure('An error occurred on the server while streaming results.')],
    detailed: [item(1), failure('An error occurred on the server while streaming results. InvalidOperationException: boom')],
  },
  {
    name: 'a stream that breaks with an error for the client',
    sent: [stream('CountThenRefuse', [1, 'enough'])],
    answers: [item(1), failure('An error occurred on the server while streaming results. HubException: enough')],
  },
  {
    name: 'a streaming method without a stream',
    sent: [stream('NoStream', [])],
    answers: [failure("The value returned by the streaming method 'NoStream' is not a ChannelReader<> or IAsyncEnumerable<>.")],
  },
  {
    name: 'an error for the client of a class of its own',
    sent: [call('RefuseByPolicy', ['not you'])],
    answers: [failure(`${unexpected('RefuseByPolicy')} PolicyException: not you`)],
  },
  {
    name: 'an error with a cause, which is not told',
    sent: [call('ThrowBecause', ['boom'])],
    answers: [failure(unexpected('ThrowBecause'))],
    detailed: [failure(`${unexpected('ThrowBecause')} InvalidOperationException: boom`)],
  },
  {
    name: 'what is no method of the hub',
    sent: ['Static', 'Private', 'Dispose', 'ToString', 'OnDisconnectedAsync'].map((name) => call(name, [])),
    answers: ['Static', 'Private', 'Dispose', 'ToString', 'OnDisconnectedAsync'].map((name) =>
      failure(`${failed(name)} HubException: Method does not exist.`),
    ),
  },
  {
    name: 'a plain call of a streaming method',
    sent: [call('Count', [1])],
    answers: [failure("The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.")],
  },
  {
    name: 'a streaming call of a plain method',
    sent: [stream('Text', ['a'])],
    answers: [failure("The client attempted to invoke the non-streaming 'Text' method with a streaming invocation.")],
  },
  { name: 'a stream may take an id again that is free', sent: [stream('Count', [0]), { type: 5, invocationId: '1' }], answers: [end] },
  { name: 'what belongs to no call is ignored', sent: [{ type: 5, invocationId: '7' }, item('x', '7'), result('x', '7')], answers: [] },
  {
    name: 'pings and acknowledgements are not answered',
    sent: [{ type: 6 }, { type: 8, sequenceId: 1 }, { type: 9, sequenceId: 1 }],
    answers: [],
  },
  {
    name: 'an upload',
    sent: [call('Sum', [], { invocationId: '1', streamIds: ['2'] }), item(1, '2'), item(2, '2'), { type: 3, invocationId: '2' }],
    answers: [result(3)],
  },
  {
    name: 'the result of an upload is ignored',
    sent: [call('Sum', [], { invocationId: '1', streamIds: ['2'] }), item(1, '2'), result('x', '2')],
    answers: [result(1)],
  },
  {
    name: 'two uploads whose items alternate',
    sent: [
      call('Concat', ['|'], { invocationId: '1', streamIds: ['2', '3'] }),
      item('a', '2'),
      item('c', '3'),
      item('b', '2'),
      item('d', '3'),
      { type: 3, invocationId: '3' },
      { type: 3, invocationId: '2' },
    ],
    answers: [result('ab|cd')],
  },
  {
    name: 'an upload that fails',
    sent: [call('Sum', [], { invocationId: '1', streamIds: ['2'] }), { type: 3, invocationId: '2', error: 'no more' }],
    answers: [failure(`${unexpected('Sum')} HubException: no more`)],
  },
  { name: 'no stream where one is expected', sent: [call('Sum', [])], answers: [streams(0, 1)] },
  {
    name: 'two streams where one is expected',
    sent: [call('Sum', [], { invocationId: '1', streamIds: ['2', '3'] })],
    answers: [streams(2, 1)],
  },
  {
    name: 'a stream where none is expected',
    sent: [call('Text', ['a'], { invocationId: '1', streamIds: ['2'] })],
    answers: [failure(`${unexpected('Text')} HubException: Client sent 1 stream(s), Hub method expects 0.`)],
  },
];

export function calls(test: WireTest): void {
  describe('calls', () => {
    test.for(rows)('$name', async ({ sent, answers }, { connect }) => {
      const socket = await connect('/hub');
      socket.send(sent.map(record).join(''));
      expect(await socket.upTo(answers.length)).toStrictEqual(answers);
      expect(await socket.settle(), 'afterwards').toEqual([]);
      expect(socket.binary).not.toContain(true);
    });

    test.for(rows)('$name, with detailed errors', async ({ sent, answers, detailed = answers }, { connect }) => {
      const socket = await connect('/detailed');
      socket.send(sent.map(record).join(''));
      expect(await socket.upTo(detailed.length)).toStrictEqual(detailed);
      expect(await socket.settle(), 'afterwards').toEqual([]);
    });

    test('a cancelled stream ends without an error, and its id is free again', async ({ connect }) => {
      const socket = await connect('/hub');
      socket.send(record(stream('Hang', ['key'])));
      expect(await socket.upTo(1)).toEqual([item('key')]);
      socket.send(record({ type: 5, invocationId: '1' }));
      const cancelled = { type: 1, target: 'cancelled', arguments: ['key'] };
      const ended = await socket.upTo(2);
      expect(ended).toHaveLength(2);
      expect(ended).toEqual(expect.arrayContaining([cancelled, end]));
      socket.send(record(stream('Count', [1])));
      expect(await socket.upTo(2)).toEqual([item(1), end]);
    });

    test('a stream under an id that is in use is refused, and the first one goes on', async ({ connect }) => {
      const socket = await connect('/hub');
      socket.send(record(stream('Relay', [], { streamIds: ['2'] })) + record(item('a', '2')));
      expect(await socket.upTo(1)).toEqual([item('<a>')]);
      socket.send(record(stream('Count', [1])));
      expect(await socket.upTo(1)).toEqual([failure("Invocation ID '1' is already in use.")]);
      socket.send(record(item('b', '2')) + record({ type: 3, invocationId: '2' }));
      expect(await socket.upTo(2)).toEqual([item('<b>'), end]);
    });

    test('a message may come in any pieces, text or binary', async ({ connect }) => {
      const socket = await connect('/hub');
      const bytes = Buffer.from(record(call('Text', ['é 😀'])) + record(call('Void', [], { invocationId: '2' })));
      for (let i = 0; i < bytes.length; i += 7) socket.send(bytes.subarray(i, i + 7));
      expect(await socket.upTo(2)).toEqual([result('é 😀'), result(null, '2')]);
      expect(socket.binary).not.toContain(true);
    });
  });
}
