import { setImmediate as turn } from 'node:timers/promises';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import { HubError } from '../../src/hub/hub-error.ts';
import { method } from '../../src/hub/method.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

class RoomFull extends HubError {}

interface Gate {
  readonly name: string;
  readonly open: () => void;
}
const gates: Gate[] = [];
const waitAtGate = (name: string): Promise<void> => new Promise((open) => gates.push({ name, open }));

const late = z.string().refine(async (text) => {
  await turn();
  return text !== 'bad';
});

const shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number() }),
  z.object({ kind: z.literal('square'), side: z.number() }),
]);

const hub = defineHub()({
  methods: {
    echo: method([z.string()], (_, text) => text),
    add: method([z.int(), v.number()], (_, a, b) => a + b),
    nothing: method([], () => {}),
    optional: method([z.string(), z.number().optional()], (_, text, n) => [text, n ?? null]),
    loose: method((_, ...args) => args),
    late: method([late], (_, text) => text.toUpperCase()),
    transformed: method([z.string().transform((text) => text.length)], (_, length) => length),
    renamed: method([], { name: 'Other' }, () => 'other'),
    secret: method([], { authorize: () => false }, () => 'secret'),
    slowlyAllowed: method([], { authorize: async () => (await turn(), true) }, () => 'in'),
    mine: method(
      [z.string()],
      { authorize: ({ userId }, { method: name, args }) => name === 'mine' && args[0] === userId && args.length === 1 },
      (_, id) => id,
    ),
    throws: method([], () => {
      throw new TypeError('inner');
    }),
    rejects: method([], async () => {
      await turn();
      throw new HubError('told');
    }),
    subclass: method([], () => {
      throw new RoomFull('full');
    }),
    text: method([], () => {
      throw 'text';
    }),
    big: method([], () => 2n ** 60n),
    area: method([shape], (_, given) => (given.kind === 'circle' ? 3 * given.radius ** 2 : given.side ** 2)),
    generator: method([], function* () {
      yield 1;
    }),
    wait: method([z.string()], async (_, name) => {
      await waitAtGate(name);
      return name;
    }),
  },
});

const failed = (text: string): object => ({ type: 3, invocationId: '1', error: text });
const unexpected = (target: string): string => `An unexpected error occurred invoking '${target}' on the server.`;
const notBound = (target: string): string => `Failed to invoke '${target}' due to an error on the server.`;

describe('an invocation', () => {
  const cases: readonly (readonly [string, string, readonly unknown[], object])[] = [
    ['returns its result', 'echo', ['x'], { type: 3, invocationId: '1', result: 'x' }],
    ['finds its method in any case', 'ECHO', ['x'], { type: 3, invocationId: '1', result: 'x' }],
    ['returns null for nothing', 'nothing', [], { type: 3, invocationId: '1', result: null }],
    ['takes validators of several libraries', 'add', [1, 2.5], { type: 3, invocationId: '1', result: 3.5 }],
    ['may leave out what may be undefined', 'optional', ['x'], { type: 3, invocationId: '1', result: ['x', null] }],
    ['takes any number of arguments without validators', 'loose', [1, null, 'x'], { type: 3, invocationId: '1', result: [1, null, 'x'] }],
    ['waits for a validator', 'late', ['good'], { type: 3, invocationId: '1', result: 'GOOD' }],
    ['is refused by a late validator', 'late', ['bad'], failed(notBound('late'))],
    ['gets what its validator makes of an argument', 'transformed', ['four'], { type: 3, invocationId: '1', result: 4 }],
    [
      'takes objects of several kinds, told apart by their validator',
      'area',
      [{ kind: 'square', side: 3 }],
      { type: 3, invocationId: '1', result: 9 },
    ],
    ['refuses an object of none of them', 'area', [{ kind: 'circle', side: 3 }], failed(notBound('area'))],
    ['goes by its other name', 'other', [], { type: 3, invocationId: '1', result: 'other' }],
    ['does not go by the name of its property then', 'renamed', [], failed(`${notBound('renamed')} HubException: Method does not exist.`)],
    ['is refused by authorize', 'secret', [], failed("Failed to invoke 'secret' because user is unauthorized")],
    ['waits for authorize', 'slowlyAllowed', [], { type: 3, invocationId: '1', result: 'in' }],
    ['hides an error', 'throws', [], failed(unexpected('throws'))],
    ['shows a HubError', 'rejects', [], failed(`${unexpected('rejects')} HubException: told`)],
    ['shows a HubError by the name of its class', 'subclass', [], failed(`${unexpected('subclass')} RoomFull: full`)],
    ['survives what is not even an error', 'text', [], failed(unexpected('text'))],
    ['fails where its result can not be written', 'big', [], failed(unexpected('big'))],
    [
      'can not be a stream',
      'generator',
      [],
      failed("The client attempted to invoke the streaming 'generator' method with a non-streaming invocation."),
    ],
    ['can not be a stream, but hears of wrong arguments first', 'generator', [1], failed(notBound('generator'))],
    ['needs its arguments', 'echo', [], failed(notBound('echo'))],
    ['takes no more arguments', 'echo', ['x', 'y'], failed(notBound('echo'))],
    ['takes arguments of the right type only', 'echo', [5], failed(notBound('echo'))],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'connected', 'methods'].map(
      (name) =>
        [`finds no method ${JSON.stringify(name)}`, name, [], failed(`${notBound(name)} HubException: Method does not exist.`)] as const,
    ),
  ];
  test.each(cases)('%s', async (_, target, args, expected) => {
    const client = new HubUnderTest(hub).connect();
    client.invoke(target, ...args);
    expect(await client.receive()).toEqual([expected]);
  });

  const detailed: readonly (readonly [string, readonly unknown[], string])[] = [
    ['throws', [], `${unexpected('throws')} TypeError: inner`],
    ['text', [], `${unexpected('text')} Error: text`],
    ['echo', [], `${notBound('echo')} InvalidDataException: Invocation provides 0 argument(s) but target expects 1.`],
    ['optional', [], `${notBound('optional')} InvalidDataException: Invocation provides 0 argument(s) but target expects 2.`],
    ['echo', [1, 2], `${notBound('echo')} InvalidDataException: Invocation provides 2 argument(s) but target expects 1.`],
    [
      'add',
      ['1', 2],
      `${notBound('add')} InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.`,
    ],
  ];
  test.each(detailed)('tells more of %s(%j) with detailed errors', async (target, args, expected) => {
    const client = new HubUnderTest(hub, { enableDetailedErrors: true }).connect();
    client.invoke(target, ...args);
    expect(await client.receive()).toEqual([failed(expected)]);
  });

  test('is authorized by its caller, its name and its arguments as they were sent', async () => {
    const client = new HubUnderTest(hub).connect({ user: 'ann' });
    client.invoke('MINE', 'ann');
    client.invoke('mine', 'bob');
    client.invoke('mine', 'ann', 'bob');
    const refused = failed("Failed to invoke 'mine' because user is unauthorized");
    expect(await client.receive(3)).toEqual([{ type: 3, invocationId: '1', result: 'ann' }, refused, refused]);
  });

  test('without an id is never answered', async () => {
    const client = new HubUnderTest(hub).connect();
    const targets = ['echo', 'throws', 'rejects', 'secret', 'noSuch', 'generator', 'big'];
    client.send(...targets.map((target) => ({ type: 1, target, arguments: [] })), {
      type: 1,
      invocationId: '',
      target: 'noSuch',
      arguments: [],
    });
    await settle();
    client.invoke('echo', 'fence');
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 'fence' }]);
  });

  test('is answered in the turn it came in, where its method does not wait', () => {
    const client = new HubUnderTest(hub).connect();
    client.invoke('echo', 'x');
    expect(client.take()).toHaveLength(1);
  });

  test('may use an id that another one uses', async () => {
    const client = new HubUnderTest(hub, { maximumParallelInvocationsPerClient: 2 }).connect();
    client.invoke('wait', 'first');
    client.invoke('wait', 'second');
    await settle();
    for (const { open } of gates.splice(0)) open();
    expect(await client.receive(2)).toEqual([
      { type: 3, invocationId: '1', result: 'first' },
      { type: 3, invocationId: '1', result: 'second' },
    ]);
  });
});

describe('invocations of one client', () => {
  const ids = (messages: readonly object[]): unknown[] => messages.map((message) => 'invocationId' in message && message.invocationId);
  const call = (id: number): Record<string, unknown> => ({ type: 1, invocationId: String(id), target: 'wait', arguments: [String(id)] });
  const open = (name: string): void =>
    gates
      .splice(
        gates.findIndex((gate) => gate.name === name),
        1,
      )[0]
      ?.open();

  test('run one after the other, in order', async () => {
    const client = new HubUnderTest(hub).connect();
    client.send(call(1), { type: 1, invocationId: '2', target: 'echo', arguments: ['x'] }, call(3));
    await settle();
    expect(client.take()).toEqual([]);
    expect(gates.map(({ name }) => name)).toEqual(['1']);
    open('1');
    expect(ids(await client.receive(2))).toEqual(['1', '2']);
    open('3');
    expect(ids(await client.receive())).toEqual(['3']);
  });

  test('run side by side as many as allowed', async () => {
    const client = new HubUnderTest(hub, { maximumParallelInvocationsPerClient: 2 }).connect();
    client.send(call(1), call(2), call(3));
    await settle();
    expect(gates.map(({ name }) => name)).toEqual(['1', '2']);
    open('2');
    expect(ids(await client.receive())).toEqual(['2']);
    expect(gates.map(({ name }) => name)).toEqual(['1', '3']);
    open('1');
    open('3');
    expect(new Set(ids(await client.receive(2)))).toEqual(new Set(['1', '3']));
  });

  test('of others do not wait for it', async () => {
    const server = new HubUnderTest(hub);
    const [slow, quick] = [server.connect(), server.connect()];
    slow.send(call(1));
    quick.invoke('echo', 'x');
    expect(quick.take()).toHaveLength(1);
    open('1');
    expect(ids(await slow.receive())).toEqual(['1']);
  });

  test('that wait are bounded: the client is read no further, and again when they have run', async () => {
    const client = new HubUnderTest(hub, { maximumReadAhead: 1_000 }).connect();
    client.send(call(1));
    for (let id = 2; id <= 100; id++) client.send(call(id));
    expect(client.connection.paused).toBe(true);
    for (let id = 1; id <= 100; id++) {
      open(String(id));
      expect(ids(await client.receive())).toEqual([String(id)]);
    }
    expect(client.connection.paused).toBe(false);
  });

  test('that wait are dropped with their connection', async () => {
    const client = new HubUnderTest(hub).connect();
    client.send(call(1), call(2));
    client.connection.vanish();
    open('1');
    await settle();
    expect(gates).toEqual([]);
  });
});
