import { describe, expect } from 'vitest';
import type { DifferenceKey } from '../differences.ts';
import type { InteropServer, ServerName } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { record } from './socket.ts';

interface Value {
  readonly name: string;
  readonly method: string;
  /** The argument as JSON text; also the result's, where nothing else is named. */
  readonly sent: string;
  readonly result?: string;
}

const values: readonly Value[] = [
  { name: 'any JSON where any is taken', method: 'Echo', sent: '{"Type":1,"b c":[null,{},[],true],"":""}' },
  { name: 'text, escaped where it must be', method: 'Text', sent: String.raw`"<>&'+/ \" \\ \n\r\t\b\f \u0000 é 世"` },
  { name: 'a whole number as such', method: 'Real', sent: '1.0', result: '1' },
  { name: 'a number', method: 'Real', sent: '-0.5' },
  { name: 'bytes in base64', method: 'Bytes', sent: '"AP8e"' },
  { name: 'no bytes', method: 'Bytes', sent: '""' },
  { name: 'an enumeration as its number', method: 'Colour', sent: '1' },
  { name: 'a GUID in its dashed form', method: 'Guid', sent: '"3f2504e0-4f89-41d3-9a0c-0305e82c3301"' },
  { name: 'keys of a dictionary as they are', method: 'Counts', sent: '{"Zoë":1,"b":2}' },
];

/** What is no value of its type: the call fails. */
const refused: readonly (readonly [method: string, sent: string])[] = [
  ['Bytes', '[0,255]'],
  ['Bytes', '"not base64"'],
  ['Colour', '"Green"'],
  ['Guid', '"{3f2504e0-4f89-41d3-9a0c-0305e82c3301}"'],
  ['Guid', '"3f2504e04f8941d39a0c0305e82c3301"'],
  ['Real', '"1"'],
  ['Counts', '{"a":"1"}'],
  ['Time', '"yesterday"'],
];

interface Differing extends Omit<Value, 'result'> {
  readonly key: DifferenceKey;
  readonly results: Readonly<Record<ServerName, string>>;
}

const differing: readonly Differing[] = [
  {
    name: 'a time',
    method: 'Time',
    sent: '"2024-02-29T12:34:56Z"',
    key: 'jsonSpelling',
    results: { aspnetcore: '"2024-02-29T12:34:56Z"', signalbox: '"2024-02-29T12:34:56.000Z"' },
  },
  {
    name: 'a time with milliseconds',
    method: 'Time',
    sent: '"2024-02-29T12:34:56.780Z"',
    key: 'jsonSpelling',
    results: { aspnetcore: '"2024-02-29T12:34:56.78Z"', signalbox: '"2024-02-29T12:34:56.780Z"' },
  },
  {
    name: 'a great number',
    method: 'Real',
    sent: '1e300',
    key: 'jsonSpelling',
    results: { aspnetcore: '1E+300', signalbox: '1e+300' },
  },
  {
    name: 'characters outside of the basic plane, and line separators',
    method: 'Text',
    sent: '"😀\u2028"',
    key: 'jsonSpelling',
    results: { aspnetcore: String.raw`"\uD83D\uDE00\u2028"`, signalbox: '"😀\u2028"' },
  },
  {
    name: 'a whole number beyond the precision of a double',
    method: 'Echo',
    sent: '9007199254740993',
    key: 'numberPrecision',
    results: { aspnetcore: '9007199254740993', signalbox: '9007199254740992' },
  },
];

const call = (method: string, sent: string): string => `{"type":1,"invocationId":"1","target":"${method}","arguments":[${sent}]}`;
const failure = (method: string): string =>
  `{"type":3,"invocationId":"1","error":"Failed to invoke '${method}' due to an error on the server."}`;
const completion = (result: string): string => `{"type":3,"invocationId":"1","result":${result}}`;

/** How values stand in JSON, in both directions. */
export function jsonValues(test: WireTest, server: InteropServer): void {
  describe('values in JSON', () => {
    test.for(values)('$name: $sent', async ({ method, sent, result = sent }, { connect }) => {
      const socket = await connect('/hub');
      socket.send(record(call(method, sent)));
      expect(await socket.textsUpTo(1)).toEqual([completion(result)]);
    });

    test.for(differing)('$name: $sent', async ({ method, sent, key, results }, { connect }) => {
      const socket = await connect('/hub');
      socket.send(record(call(method, sent)));
      expect(await socket.textsUpTo(1)).toEqual([completion(server.differs(key, results))]);
    });

    test.for(refused)('%s does not take %s', async ([method, sent], { connect }) => {
      const socket = await connect('/hub');
      socket.send(record(call(method, sent)));
      expect((await socket.upTo(1)) as unknown).toEqual([JSON.parse(failure(method))]);
    });

    test('half of a surrogate pair', async ({ connect }) => {
      const socket = await connect('/hub');
      socket.send(record(call('Text', String.raw`"\ud83d"`)));
      expect((await socket.upTo(1)) as unknown).toEqual([
        JSON.parse(server.differs('loneSurrogate', { aspnetcore: failure('Text'), signalbox: completion(String.raw`"\ud83d"`) })),
      ]);
    });

    test('what the server sends has arguments that are null, and nothing that is empty', async ({ open }) => {
      const socket = await open('/hub?welcome');
      await socket.handshake();
      const [welcome = ''] = await socket.textsUpTo(1);
      expect(welcome.replace(/"[\w-]{22}"/, '"<id>"')).toBe('{"type":1,"target":"welcome","arguments":["<id>",null]}');
    });
  });
}
