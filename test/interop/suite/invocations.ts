import { expect } from 'vitest';
import { type CellTest, fresh, roundTrips } from '../fixtures.ts';
import type { Cell } from '../servers.ts';

const person = { name: 'Zoë', age: 41, tags: ['a', ''] };
const characters = 'é 世 😀 "quoted" \\ / \u2028 \u0000 <b>&amp;</b> line\r\nbreak';

/** Method, arguments, result. */
const results: readonly (readonly [string, readonly unknown[], unknown])[] = [
  ['Void', [], null],
  ['Nothing', [], null],
  ['Add', [2, -3], -1],
  ['Add', [2147483647, 0], 2147483647],
  ['Text', [''], ''],
  ['Text', [characters], characters],
  ['Text', ['x'.repeat(30_000)], 'x'.repeat(30_000)],
  ['Numbers', [3], [1, 2, 3]],
  ['Numbers', [0], []],
  ['Older', [person], { name: 'Zoë', age: 42, tags: ['a', '', 'older'] }],
  ['Echo', [null], null],
  ['Echo', [undefined], null],
  ['Echo', [false], false],
  ['Echo', [0.5], 0.5],
  ['Echo', [-9007199254740991], -9007199254740991],
  ['Echo', [{ a: [{ 'b c': null }, [], {}] }], { a: [{ 'b c': null }, [], {}] }],
];

const binaryResults: typeof results = [
  ['Echo', [new Uint8Array([0, 1, 30, 255])], new Uint8Array([0, 1, 30, 255])],
  ['Echo', [new Uint8Array(0)], new Uint8Array(0)],
];

const failed = (method: string): string => `Failed to invoke '${method}' due to an error on the server.`;
const unexpected = (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`;
const unknownMethod = (method: string): string => `${failed(method)} HubException: Method does not exist.`;
const wrongTypes =
  'InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.';
const wrongCount = (given: number, expected: number): string =>
  `InvalidDataException: Invocation provides ${given} argument(s) but target expects ${expected}.`;

/** Method, arguments, error text, and what detailed errors add to it. */
const refusals: readonly (readonly [string, readonly unknown[], string, string?])[] = [
  ['Throw', ['boom'], unexpected('Throw'), 'InvalidOperationException: boom'],
  ['Throw', [''], unexpected('Throw'), 'InvalidOperationException: '],
  ['Refuse', ['not today'], `${unexpected('Refuse')} HubException: not today`],
  ['Secret', [], `Failed to invoke 'Secret' because user is unauthorized`],
  ['NoSuch', [], unknownMethod('NoSuch')],
  ['OldName', [], unknownMethod('OldName')],
  ['OnConnectedAsync', [], unknownMethod('OnConnectedAsync')],
  ['toString', [], unknownMethod('toString')],
  ['constructor', [], unknownMethod('constructor')],
  ['__proto__', [], unknownMethod('__proto__')],
  ['Text', [], failed('Text'), wrongCount(0, 1)],
  ['Text', ['a', 'b'], failed('Text'), wrongCount(2, 1)],
  ['Add', [1], failed('Add'), wrongCount(1, 2)],
  ['Void', [1], failed('Void'), wrongCount(1, 0)],
  ['Add', [1, '2'], failed('Add'), wrongTypes],
  ['Add', [1.5, 2], failed('Add'), wrongTypes],
  ['Add', [2147483648, 2], failed('Add'), wrongTypes],
  ['Add', [1, null], failed('Add'), wrongTypes],
  ['Text', [5], failed('Text'), wrongTypes],
  ['Older', [['x']], failed('Older'), wrongTypes],
];

export function invocations(test: CellTest, { protocol }: Cell): void {
  test('invoke returns results of every kind', async ({ connect }) => {
    const client = await connect();
    for (const [method, args, expected] of protocol === 'json' ? results : [...results, ...binaryResults]) {
      const result = await client.invoke(method, ...args);
      expect(result instanceof Uint8Array ? new Uint8Array(result) : result, `${method}(${JSON.stringify(args)})`).toStrictEqual(expected);
    }
  });

  test('a hundred invocations at once get each its own result', async ({ connect }) => {
    const client = await connect();
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    expect(await Promise.all(numbers.map((n) => client.invoke('Add', n, 1)))).toEqual(numbers.map((n) => n + 1));
  });

  test('send runs the method and reports nothing, not even errors', async ({ connect }) => {
    const client = await connect();
    await client.connection.send('SetItem', 'colour', 'green');
    await client.connection.send('NoSuch');
    await client.connection.send('Throw', 'boom');
    await client.connection.send('Add', 'x');
    expect(await client.invoke('GetItem', 'colour')).toBe('green');
  });

  test('method names are found in any case, and renamed methods under their new name', async ({ connect }) => {
    const client = await connect();
    expect(await client.invoke('text', 'a')).toBe('a');
    expect(await client.invoke('TEXT', 'b')).toBe('b');
    expect(await client.invoke('tExT', 'c')).toBe('c');
    expect(await client.invoke('newname')).toBe('renamed');
  });

  test('errors tell the client no more than they must', async ({ connect }) => {
    const client = await connect();
    for (const [method, args, text] of refusals) {
      expect(await client.refusal(method, ...args), `${method}(${JSON.stringify(args)})`).toBe(text);
    }
  });

  test('detailed errors add what went wrong', async ({ connect }) => {
    const client = await connect({ path: '/detailed' });
    for (const [method, args, text, detail] of refusals) {
      const expected = detail === undefined ? text : `${text} ${detail}`;
      expect(await client.refusal(method, ...args), `${method}(${JSON.stringify(args)})`).toBe(expected);
    }
  });

  test('a method that needs a permission serves whoever has it', async ({ connect }) => {
    const client = await connect({ query: { user: 'admin' } });
    expect(await client.invoke('Secret')).toBe('secret');
  });

  test('invocations of one client run one after the other', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const gate = fresh('gate');
    const order: string[] = [];
    const first = client.invoke('Gate', gate).then(() => order.push('first'));
    const second = client.invoke('Void').then(() => order.push('second'));
    await client.event('entered', gate);
    await roundTrips(other);
    await other.invoke('Open', gate);
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });

  test('with two parallel invocations the quicker overtakes, and a third waits', async ({ connect }) => {
    const [client, other] = await Promise.all([connect({ path: '/parallel' }), connect({ path: '/parallel' })]);
    const [a, b, c] = [fresh('gate'), fresh('gate'), fresh('gate')];
    const first = client.invoke('Gate', a);
    await client.event('entered', a);
    expect(await client.invoke('Add', 1, 1), 'beside the first').toBe(2);
    const second = client.invoke('Gate', b);
    const third = client.invoke('Gate', c);
    await client.event('entered', b);
    await roundTrips(other);
    expect(client.count('entered', c)).toBe(0);
    await other.invoke('Open', b);
    await client.event('entered', c);
    await Promise.all([other.invoke('Open', a), other.invoke('Open', c)]);
    expect(await Promise.all([first, second, third])).toEqual([a, b, c]);
  });
}
