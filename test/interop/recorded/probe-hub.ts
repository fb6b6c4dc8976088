import { type Clock, defineHub, type Hub, method } from 'signalbox';
import { z } from 'zod';
import { invalidOperation } from '../../conformance-host/named-error.ts';

/** What the hubs call on their clients. */
export interface ProbeClient {
  many(...values: readonly unknown[]): void;
  answer(question: string): string | null;
}

/** Properties as the reference server sends them: as declared in MessagePack, which looks for no `toJSON`, in camel case in JSON. */
class Thing {
  readonly Name = 'n';
  readonly Value = 1;
  readonly Inner = null;
  readonly List = null;

  toJSON(): object {
    return { name: this.Name, value: this.Value, inner: this.Inner, list: this.List };
  }
}

const echo = method([z.unknown()], (_, value) => value);

/** The hub that the recorded sessions and bare clients call. What waits, waits by `clock`. */
export function probeHub(clock: Clock): Hub<unknown, ProbeClient> {
  return defineHub<ProbeClient>()({
    results: { answer: z.string().nullable() },
    methods: {
      Void: method([], () => {}),
      Echo: echo,
      EchoLong: echo,
      EchoULong: echo,
      EchoDouble: echo,
      EchoFloat: echo,
      EchoDecimal: echo,
      EchoGuid: echo,
      EchoDateTime: echo,
      EchoDto: echo,
      EchoTs: echo,
      EchoBytes: echo,
      EchoEnum: echo,
      EchoChar: echo,
      EchoNullable: echo,
      EchoDict: echo,
      EchoBool: echo,
      Many: method([], ({ clients }) => clients.caller.many(1, 'two', null, 4.5, true, [1, 2], new Thing())),
      Special: method([], () => `<>&'"+\\/ é世\u{1f600}\u2028\t\n`),
      Ask: method([z.string()], async ({ clients }, question) => ({ answered: await clients.caller.invoke.answer(question) })),
      Abort: method([], ({ abort }) => abort()),
      Sleep: method([z.int32()], async (_, milliseconds) => {
        await sleep(clock, milliseconds);
        return milliseconds;
      }),
      Count: method([z.int32(), z.int32()], async function* ({ signal }, to, milliseconds) {
        for (let i = 0; i < to && !signal.aborted; i++) {
          if (milliseconds > 0) await sleep(clock, milliseconds, signal);
          yield i;
        }
      }),
    },
  });
}

/** A hub that takes nobody. */
export const refusingHub = defineHub()({
  connected: () => {
    throw invalidOperation('no entry');
  },
  methods: {},
});

interface GreetedClient {
  m(text: string): void;
}

/** A hub that has something to say as soon as somebody is there. */
export const greetingHub = defineHub<GreetedClient>()({
  connected: ({ clients }) => clients.caller.m('after'),
  methods: {},
});

function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      resolve();
    };
    const stop = clock.every(milliseconds, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
