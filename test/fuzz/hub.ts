import { defineHub, method, streamOf, type HubContext, type Schema } from 'signalbox';

interface FuzzClient {
  Message(value: unknown): void;
  Result(): unknown;
}

const anything: Schema = { '~standard': { version: 1, vendor: 'fuzz', validate: (value) => ({ value }) } };

/** How often handlers ran for each connection, and what runs now. */
export class Lives {
  readonly #lives = new Map<string, { connected: number; disconnected: number }>();
  /** Methods and streams that have begun and not ended. */
  running = 0;

  /** Whose `connected` ran to its end. */
  connected(id: string): void {
    this.#of(id).connected++;
  }

  disconnected(id: string): void {
    this.#of(id).disconnected++;
  }

  /** Connections whose `disconnected` did not run as often as it should have, but for those that live on. */
  *wrong(alive: ReadonlySet<string>): Generator<string> {
    for (const [id, { connected, disconnected }] of this.#lives) {
      const due = alive.has(id) ? 0 : 1;
      if (connected !== 1 || disconnected !== due) yield `${id}: connected ran ${connected} times, disconnected ${disconnected} times`;
    }
  }

  /** The connections that have not ended. */
  get open(): ReadonlySet<string> {
    return new Set([...this.#lives].filter(([, { disconnected }]) => disconnected === 0).map(([id]) => id));
  }

  /** Forgets those that have ended. */
  forget(): void {
    for (const [id, { disconnected }] of this.#lives) if (disconnected > 0) this.#lives.delete(id);
  }

  /** Counts what runs until `work` has ended. */
  async count<Result>(work: () => Promise<Result>): Promise<Result> {
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
    }
  }

  #of(id: string): { connected: number; disconnected: number } {
    const life = this.#lives.get(id) ?? { connected: 0, disconnected: 0 };
    this.#lives.set(id, life);
    return life;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Resolves when the connection ends or its stream is cancelled. */
const ending = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** What the opening request asks of `connected`. */
async function greet({ request, abort }: HubContext<FuzzClient>): Promise<void> {
  const fate = request.url.searchParams.get('fate');
  if (fate === 'late') await turn();
  if (fate === 'refused') throw new Error('refused');
  if (fate === 'aborted') abort();
}

/** A hub with the methods that recorded clients call, and with others that wait, fail or flood. */
export const fuzzHub = (lives: Lives) =>
  defineHub<FuzzClient>()({
    results: { Result: anything },
    connected(context) {
      const { connectionId, request } = context;
      if (!request.url.searchParams.has('fate')) return lives.connected(connectionId);
      return greet(context).then(() => lives.connected(connectionId));
    },
    disconnected: ({ connectionId }) => lives.disconnected(connectionId),
    methods: {
      ...callMethods(lives),
      ...streamMethods(lives),
      Abort: method([], ({ abort }) => abort()),
      Join: method([anything], ({ groups }, name) => groups.join(String(name))),
      Leave: method([anything], ({ groups }, name) => groups.leave(String(name))),
      Group: method([anything, anything], ({ clients }, name, value) => clients.group(String(name)).Message(value)),
      Others: method([anything], ({ clients }, value) => clients.others.Message(value)),
      InvokeWithString: method([anything], ({ clients }, value) => clients.caller.Message(value)),
      Ask: method([], ({ clients }) => lives.count(() => clients.caller.invoke.Result())),
      Flood: method([anything], ({ clients }, kilobytes) => {
        for (let i = 0; i < Math.min(Number(kilobytes) || 0, 300); i++) void clients.caller.Message('x'.repeat(1_000));
      }),
    },
  });

const callMethods = (lives: Lives) => ({
  Echo: method((_, ...values) => values[0]),
  Void: method(() => {}),
  Late: method([anything], async (_, value) => {
    await turn();
    return value;
  }),
  ThrowException: method([anything], (_, text) => {
    throw new Error(String(text));
  }),
  EchoComplexObject: method([anything], (_, value) => value),
  SendComplexObject: method([], () => ({ dateTime: new Date(0), bytes: new Uint8Array([1, 2]), nested: [null, { a: 1 }] })),
  Sleep: method([anything], ({ signal }) => lives.count(() => ending(signal))),
});

const streamMethods = (lives: Lives) => ({
  Stream: method([], function* () {
    yield* ['a', 'b', 'c'];
  }),
  Count: method([anything], async function* (_, count) {
    lives.running++;
    try {
      for (let i = 0; i < Math.min(Number(count) || 0, 50); i++) {
        yield i;
        await turn();
      }
    } finally {
      lives.running--;
    }
  }),
  InfiniteStream: method([], async function* ({ signal }) {
    lives.running++;
    try {
      yield 'first';
      await ending(signal);
    } finally {
      lives.running--;
    }
  }),
  StreamingConcat: method([streamOf(anything)], (_, stream) =>
    lives.count(async () => {
      let joined = '';
      for await (const item of stream) joined += String(item);
      return joined;
    }),
  ),
});
