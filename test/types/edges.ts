// What must compile, and what is inferred of it.
import type { HubConnection } from '@microsoft/signalr';
import { defineHub, method, streamOf, type Contract, type Hub, type HubContext } from 'signalbox';
import { typed, type ConnectionOf, type Stream, type Upload } from 'signalbox/client';
import * as v from 'valibot';
import { z } from 'zod';
import { is } from './is.ts';

interface Client {
  message(from: string, text: string): void;
}
declare const connection: HubConnection;

// ---- where a method may stand
const annotated = method([z.string()], ({ clients }: HubContext<Client>, text) => clients.all.message('x', text));
const anywhere = { echo: method([z.string()], ({ connectionId }, text) => connectionId + text) };
declare const flag: boolean;
export const placed = defineHub<Client>()({
  methods: {
    ...anywhere,
    annotated,
    either: flag ? method([], ({ connectionId }) => connectionId) : method([], () => 1),
  },
});
is<
  typeof placed,
  Hub<
    {
      annotated: (text: string) => void;
      either: (() => string) | (() => number);
      echo: (text: string) => string;
    },
    Client
  >
>();

// ---- results
export const results = defineHub<Client>()({
  methods: {
    generator: method([], function* () {
      yield 1;
    }),
    later: method([], async () =>
      (async function* () {
        yield 'x';
      })(),
    ),
    readable: method([], () => new ReadableStream<Uint8Array>()),
    maybe: method([z.boolean()], async (_, some) => (some ? 1 : undefined)),
    when: method([], () => new Date()),
    big: method([], () => 1n),
    many: method([], () => [1, 2]),
    refuses: method([], () => {
      throw new Error('always');
    }),
    unknowable: method([], (): unknown => 1),
  },
});
is<
  typeof results,
  Hub<
    {
      generator: () => AsyncIterable<number>;
      later: () => AsyncIterable<string>;
      readable: () => AsyncIterable<Uint8Array>;
      maybe: (some: boolean) => 1 | undefined;
      when: () => Date;
      big: () => bigint;
      many: () => number[];
      refuses: () => never;
      unknowable: () => unknown;
    },
    Client
  >
>();
const calls = typed<typeof results>(connection);
is<keyof typeof calls.stream, 'generator' | 'later' | 'readable'>();
is<typeof calls.invoke.refuses, () => Promise<never>>();
is<typeof calls.stream.readable, () => Stream<Uint8Array>>();

// ---- arguments
export const parameters = defineHub<Client>()({
  methods: {
    optional: method([z.string(), z.number().optional(), z.string().optional()], (_, a, b = 3, c?: string) => a + b + (c ?? '')),
    default: method([z.string(), z.number().default(1)], (_, a, b) => a + b),
    defaulted: method([z.string(), z.number()], (_, a, b = 1) => a + b),
    between: method([z.string().optional(), z.number()], (_, a, b) => [a, b].length),
    fewer: method([z.string(), z.number()], (_, a) => a),
    rest: method([z.string(), z.number()], (_, ...all) => all.length),
    transformed: method([z.string().transform(Number)], (_, n) => n.toFixed()),
    mixed: method([v.string(), z.number()], (_, a, b) => a + b),
    streams: method([streamOf(z.string()), z.number(), streamOf(v.number())], (_, a, n, b) => [a, n, b].length),
    unchecked: method((_, first, ...others) => [first, others].length),
  },
});
is<
  typeof parameters,
  Hub<
    {
      optional: (a: string, b?: number, c?: string) => string;
      default: (a: string, b?: number) => string;
      defaulted: (a: string, b: number) => string;
      between: (a: string | undefined, b: number) => number;
      fewer: (args_0: string, args_1: number) => string;
      rest: (args_0: string, args_1: number) => number;
      transformed: (n: string) => string;
      mixed: (a: string, b: number) => string;
      streams: (a: AsyncIterable<string>, n: number, b: AsyncIterable<number>) => number;
      unchecked: (first: unknown, ...others: unknown[]) => number;
    },
    Client
  >
>();
const passing = typed<typeof parameters>(connection);
is<typeof passing.invoke.streams, (a: Upload<string>, n: number, b: Upload<number>) => Promise<number>>();
is<typeof passing.invoke.optional, (a: string, b?: number, c?: string) => Promise<string>>();

// ---- names
export const named = defineHub()({
  methods: {
    a: method([], { name: 'renamed' }, () => 1),
    b: method([], { authorize: () => true }, () => 2),
    constructor: method([], () => 3),
  },
});
is<typeof named, Hub<{ renamed: () => number; b: () => number; constructor: () => number }, object>>();
const callable = typed<typeof named>(connection);
is<keyof typeof callable.invoke, 'renamed' | 'b' | 'constructor'>();

interface Thenable {
  then(): void;
  toJSON(): AsyncIterable<string>;
  other(): void;
}
declare const thenable: ConnectionOf<Contract<Thenable, Thenable>>;
is<keyof typeof thenable.invoke, 'other'>();
is<keyof typeof thenable.send, 'other'>();
is<keyof typeof thenable.stream, never>();
is<keyof typeof thenable.on, 'other'>();

// ---- client contracts
interface Unusual {
  optional?(text: string): void;
  later(): Promise<string>;
  laterEvent(): Promise<void>;
  nothing(): undefined;
  anything(): unknown;
  rest(...all: string[]): void;
}
export const unusual = defineHub<Unusual>()({
  results: { later: z.string(), anything: z.unknown() },
  methods: {
    use: method([], async ({ clients: { caller } }) => {
      is<typeof caller.laterEvent, () => Promise<void>>();
      is<typeof caller.invoke.later, () => Promise<string>>();
      is<typeof caller.rest, (...all: string[]) => Promise<void>>();
      is<keyof typeof caller.invoke, 'later' | 'anything'>();
      await caller.nothing();
    }),
  },
});
const handlers = typed<typeof unusual>(connection);
is<typeof handlers.on.later, (handler: () => string | Promise<string>) => () => void>();
is<typeof handlers.on.laterEvent, (handler: () => unknown) => () => void>();

// ---- a contract that is not known until run time
export const open = defineHub<Record<string, (...args: unknown[]) => void>>()({
  methods: { relay: method([z.string()], ({ clients }, text) => clients.others['whatever']?.(text)) },
});
