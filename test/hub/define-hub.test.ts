import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineHub, method, streamOf, type ErrorCode, type HubContext, type HubFilter, type SignalboxError } from 'signalbox';
import { foldCase, MethodTable } from '../../src/hub/method-table.ts';

type Unchecked = (definition: object) => unknown;
/** `defineHub` for someone without a compiler. */
const defineUnchecked = defineHub() as Unchecked;

function errorOf(define: () => unknown): SignalboxError {
  try {
    define();
  } catch (error) {
    return error as SignalboxError;
  }
  throw new Error('nothing was thrown');
}

function refuses(define: () => unknown, code: ErrorCode, text: string): void {
  const error = errorOf(define);
  expect(error.code).toBe(code);
  expect(error.message).toContain(text);
}

const connected = (): void => {};
const disconnected = (): void => {};
const authorize = (): boolean => true;
const handler = (_: HubContext, text: string): string => text;

describe('a hub', () => {
  interface Client {
    confirm(question: string): boolean;
  }
  const filter: HubFilter = {};
  const confirm = z.boolean();
  const text = z.string();
  const hub = defineHub<Client>()({
    name: 'Acme.ChatHub',
    connected,
    disconnected,
    filters: [filter],
    results: { confirm },
    methods: { send: method([text], { name: 'Send', authorize }, handler), loose: method(() => 1) },
  });

  it('has its name', () => {
    expect(hub.name).toBe('Acme.ChatHub');
    expect(defineHub()({ methods: {} }).name).toBeUndefined();
  });

  it('holds what a host reads', () => {
    const definition = hub['~definition'];
    expect(definition).toMatchObject({ connected, disconnected, filters: [filter] });
    expect([...definition.results]).toEqual([['confirm', confirm]]);
    expect(definition.methods.find('Send')).toMatchObject({ name: 'Send', parameters: [text], authorize, handler });
    expect(definition.methods.find('loose')).toMatchObject({ name: 'loose', parameters: undefined, authorize: undefined });
  });

  it('has nothing where nothing was given', () => {
    const definition = defineHub()({ methods: {} })['~definition'];
    expect(definition).toMatchObject({ filters: [], connected: undefined, disconnected: undefined });
    expect(definition.results.size).toBe(0);
    expect([...definition.methods.values()]).toEqual([]);
  });

  it("can't be changed", () => {
    expect(Object.isFrozen(hub)).toBe(true);
    expect(Object.isFrozen(hub['~definition'])).toBe(true);
    expect(Object.isFrozen(method([], () => 1))).toBe(true);
  });
});

describe('the methods of a hub', () => {
  const { methods } = defineHub()({
    methods: {
      send: method([], () => 1),
      SendAll: method([], () => 2),
      leave: method([], { name: 'LeaveRoom' }, () => 3),
      straße: method([], () => 4),
      ['__proto__']: method([], () => 5),
    },
  })['~definition'];
  const called = (name: string): string | undefined => methods.find(name)?.name;

  it('are found by their names, whose case makes no difference', () => {
    expect(['send', 'SEND', 'Send', 'sendall', 'leaveroom'].map(called)).toEqual(['send', 'send', 'send', 'SendAll', 'LeaveRoom']);
  });

  it('are not found by the property of a renamed one', () => {
    expect(called('leave')).toBeUndefined();
  });

  it('are not found by names that every object has', () => {
    const inherited = ['constructor', 'toString', 'hasOwnProperty', '__defineGetter__', 'then'];
    expect(inherited.map(called)).toEqual(inherited.map(() => undefined));
    expect(called('__proto__')).toBe('__proto__');
  });

  it('are not found by other names', () => {
    expect(['', 'sen', 'sends', ' send', 'ſend', 'x'.repeat(100_000)].map(called)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(called('STRASSE')).toBeUndefined();
    expect(called('STRAßE')).toBe('straße');
  });

  it('may have the names that clients use for promises and objects', () => {
    const odd = defineHub()({ methods: { constructor: method([], () => 1), valueOf: method([], () => 2) } })['~definition'].methods;
    expect(odd.find('constructor')?.name).toBe('constructor');
    expect(odd.find('VALUEOF')?.name).toBe('valueOf');
  });
});

describe('a definition that is wrong', () => {
  const one = method([], () => 1);

  it.each([
    ['differ in case', { Send: one, send: method([], () => 2) }, "'Send' and 'send'"],
    ['differ not at all', { a: method([], { name: 'x' }, () => 1), b: method([], { name: 'x' }, () => 2) }, "'x' and 'x'"],
    ['are a name and a renaming', { LEAVE: one, b: method([], { name: 'Leave' }, () => 2) }, "'LEAVE' and 'Leave'"],
  ])('has two methods whose names %s', (_, methods, text) => {
    refuses(() => defineHub()({ methods }), 'SIGNALBOX_DUPLICATE_METHOD', text);
  });

  it.each([
    ['a bare function', () => 1, 'methods.send is a function'],
    ['a constant', 42, 'methods.send is 42'],
    ['the maker of methods', method, 'methods.send is a function'],
    ['null', null, 'methods.send is null'],
    ['a lookalike', { parameters: [], options: {}, handler: () => 1 }, 'methods.send is an object'],
    ['a method without a handler', method([] as never), 'methods.send is an object'],
  ])('has %s for a method', (_, send, text) => {
    refuses(() => defineUnchecked({ methods: { send } }), 'SIGNALBOX_NOT_A_METHOD', text);
  });

  it.each([
    ['a word', ['string'], "Parameter 1 of methods.send is 'string'"],
    ['a hole', [z.string(), undefined], 'Parameter 2 of methods.send is undefined'],
    ['an empty stream', [z.string(), z.string(), streamOf('x' as never)], 'Parameter 3 of methods.send is an object'],
  ])('has %s for a validator', (_, parameters, text) => {
    const send = method(parameters as never, () => 1);
    refuses(() => defineUnchecked({ methods: { send } }), 'SIGNALBOX_NOT_A_VALIDATOR', text);
  });

  it('has something for a client result that is no validator', () => {
    refuses(() => defineUnchecked({ results: { confirm: 'boolean' }, methods: {} }), 'SIGNALBOX_NOT_A_VALIDATOR', 'results.confirm');
  });

  it.each(['send', 'invoke', 'invokeWith', 'then', 'toJSON'])('has a client result named %s', (name) => {
    refuses(() => defineUnchecked({ results: { [name]: z.string() }, methods: {} }), 'SIGNALBOX_RESERVED_NAME', `'${name}'`);
  });

  it.each([
    [{ name: '', methods: {} }, "The option name of a hub is ''"],
    [{ name: 7, methods: {} }, 'The option name of a hub is 7'],
    [{}, 'The option methods of a hub is undefined'],
    [{ methods: {}, connected: 'x' }, "The option connected of a hub is 'x'"],
    [{ methods: {}, disconnected: {} }, 'The option disconnected of a hub is an object'],
    [{ methods: {}, filters: {} }, 'The option filters of a hub is an object'],
    [{ methods: { a: method([], { name: 7 as never }, () => 1) } }, 'The option name of methods.a is 7'],
    [{ methods: { a: method([], { name: '' }, () => 1) } }, "The option name of methods.a is ''"],
    [{ methods: { a: method([], { authorize: true as never }, () => 1) } }, 'The option authorize of methods.a is true'],
    [{ methods: { a: method([], { cancellable: 1 as never }, () => 1) } }, 'The option cancellable of methods.a is 1'],
  ])('has an option that is none: %j', (definition, text) => {
    refuses(() => defineUnchecked(definition), 'SIGNALBOX_INVALID_OPTION', text);
  });
});

describe('a validator', () => {
  it('may be of any Standard Schema library, also one whose schemas are functions', () => {
    const callable = Object.assign(() => 1, { '~standard': z.string()['~standard'] });
    const hub = defineHub()({ methods: { a: method([z.string(), v.number(), callable, streamOf(v.string())], () => 1) } });
    expect(hub['~definition'].methods.find('a')?.parameters).toHaveLength(4);
  });
});

describe('foldCase', () => {
  it.each([
    ['send', 'SEND'],
    ['Send_2-é', 'SEND_2-É'],
    ['ß', 'ß'],
    ['ſ', 'ſ'],
    ['ı', 'ı'],
    ['ﬁ', 'ﬁ'],
    ['ΰ', 'ΰ'],
    ['\u{10428}', '\u{10400}'],
    ['\ud800a', '\ud800A'],
    ['日本', '日本'],
  ])('makes %s %s', (name, folded) => {
    expect(foldCase(name)).toBe(folded);
  });
});

describe('MethodTable', () => {
  it('refuses a method that callers could not tell from another', () => {
    const table = new MethodTable();
    const entry = {
      parameters: undefined,
      cancellable: false,
      streams: 0,
      generator: false,
      authorize: undefined,
      metadata: {},
      handler: () => 1,
    };
    table.add({ ...entry, name: 'é' });
    refuses(() => table.add({ ...entry, name: 'É' }), 'SIGNALBOX_DUPLICATE_METHOD', "'é' and 'É'");
    expect([...table.values()].map(({ name }) => name)).toEqual(['é']);
  });
});
