import { Subject, type IStreamSubscriber } from '@microsoft/signalr';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Contract } from 'signalbox';
import { typed, type ConnectionOf } from 'signalbox/client';
import { deferred } from './deferred.ts';
import { completion, failure, item, ScriptedServer, type Message } from './scripted-server.ts';

type Stream = AsyncIterable<unknown>;
interface Server {
  sum(numbers: AsyncIterable<number>): number;
  /** Answers without waiting for the upload. */
  early(numbers: AsyncIterable<number>): string;
  refuse(numbers: AsyncIterable<number>): void;
  silent(numbers: AsyncIterable<number>): void;
  twins(a: Stream, b: Stream): void;
  parted(a: Stream, x: unknown, b: Stream): void;
  many(a: Stream, b: Stream, x: unknown, c: Stream, y: unknown, z?: unknown): void;
  optional(a?: unknown, b?: unknown): void;
  doubled(numbers: AsyncIterable<number>): AsyncIterable<number>;
  broken(numbers: AsyncIterable<number>): AsyncIterable<number>;
  twinStream(a: Stream, b: Stream): AsyncIterable<number>;
}

let server: ScriptedServer;
let connection: Awaited<ReturnType<ScriptedServer['connect']>>;
let hub: ConnectionOf<Contract<Server, object>>;

beforeEach(async () => {
  server = await ScriptedServer.start({
    early: (call, send) => send(completion(call, 'done')),
    refuse: (call, send) => send(failure(call, 'no')),
    broken: (call, send) => send(failure(call, 'no')),
    doubled: (call, send) => send(item(call, 2)),
  });
  connection = await server.connect();
  hub = typed<Contract<Server, object>>(connection);
});

afterEach(() => server.close());

async function* numbers(...given: number[]): AsyncGenerator<number, void> {
  yield* given;
}

/** Yields numbers for ever, one a turn of the event loop, and tells when it is left. */
function endless(): { readonly upload: AsyncGenerator<number, void>; readonly left: Promise<void>; pulled: number } {
  const left = deferred();
  async function* count(): AsyncGenerator<number, void> {
    try {
      for (;;) {
        yield ++source.pulled;
        await setImmediate();
      }
    } finally {
      left.resolve();
    }
  }
  const source = { upload: count(), left: left.promise, pulled: 0 };
  return source;
}

const call = (target: string): Promise<Message> => server.heard((message) => message.target === target);
/** The end of an upload. */
const ended = (id: string): Promise<Message> => server.heard(({ type, invocationId }) => type === 3 && invocationId === id);
const itemsOf = (id: string): unknown[] =>
  server.received.filter(({ type, invocationId }) => type === 2 && invocationId === id).map((message) => message.item);

/** What arrived as the arguments of a call: the others, and the items of each stream. */
async function arrived(target: string): Promise<{ args: readonly unknown[] | undefined; streams: unknown[][] }> {
  const { arguments: args, streamIds = [] } = await call(target);
  await Promise.all(streamIds.map(ended));
  return { args, streams: streamIds.map(itemsOf) };
}

/** A source that is subscribed to, as those of rxjs are. */
function observable(): {
  readonly source: { subscribe(observer: IStreamSubscriber<number>): { unsubscribe(): void } };
  readonly next: (value: number) => void;
  readonly left: Promise<void>;
} {
  const left = deferred();
  const observers: IStreamSubscriber<number>[] = [];
  const source = {
    subscribe(observer: IStreamSubscriber<number>) {
      observers.push(observer);
      return { unsubscribe: left.resolve };
    },
  };
  const next = (value: number): void => {
    for (const observer of observers) observer.next(value);
  };
  return { source, next, left: left.promise };
}

describe('an upload', () => {
  it('may be an async generator', async () => {
    const called = hub.invoke.sum(numbers(1, 2, 3));
    expect(await arrived('sum')).toEqual({ args: [], streams: [[1, 2, 3]] });
    server.send(completion(await call('sum'), 6));
    await expect(called).resolves.toBe(6);
  });

  it('may be a Subject', async () => {
    const subject = new Subject<number>();
    const called = hub.invoke.sum(subject);
    for (const number of [1, 2]) subject.next(number);
    subject.complete();
    expect(await arrived('sum')).toEqual({ args: [], streams: [[1, 2]] });
    server.send(completion(await call('sum'), 3));
    await expect(called).resolves.toBe(3);
    subject.next(3);
    await server.caughtUp(connection);
    expect((await arrived('sum')).streams).toEqual([[1, 2]]);
  });

  it('may be an observable', async () => {
    const { source, next, left } = observable();
    const called = hub.invoke.early(source);
    next(1);
    await called;
    await left;
    next(2);
    await server.caughtUp(connection);
    const { streamIds = [] } = await call('early');
    expect(streamIds.map(itemsOf)).toEqual([[1]]);
  });

  it('may be a stream from the server', async () => {
    await hub.send.silent(hub.stream.doubled(numbers(1)));
    const [id = ''] = (await call('silent')).streamIds ?? [];
    await server.heard(({ type, invocationId }) => type === 2 && invocationId === id);
    expect(itemsOf(id)).toEqual([2]);
  });

  it('goes with send and with stream, too', async () => {
    await hub.send.silent(numbers(1, 2));
    expect(await arrived('silent')).toEqual({ args: [], streams: [[1, 2]] });
    for await (const number of hub.stream.doubled(numbers(1))) {
      expect(number).toBe(2);
      break;
    }
    expect(await arrived('doubled')).toEqual({ args: [], streams: [[1]] });
  });

  it('that fails is reported to the server', async () => {
    await hub.send.silent(
      (async function* () {
        yield 1;
        throw new Error('disk');
      })(),
    );
    const { streamIds: [id = ''] = [] } = await call('silent');
    expect(await ended(id)).toEqual({ type: 3, invocationId: id, error: 'disk' });
    expect(itemsOf(id)).toEqual([1]);
  });
});

describe('an upload beside other arguments', () => {
  it('keeps its place among uploads, as they keep theirs', async () => {
    await hub.send.parted(numbers(1), 'x', numbers(2));
    expect(await arrived('parted')).toEqual({ args: ['x'], streams: [[1], [2]] });
  });

  it('is parted from the next one by another argument, wherever that stood', async () => {
    await hub.send.many(numbers(1), numbers(2), 'x', numbers(3), 'y');
    expect(await arrived('many')).toEqual({ args: ['x', 'y'], streams: [[1], [2], [3]] });
  });

  it('lets arguments at the end be left out', async () => {
    await hub.send.optional(undefined, numbers(1));
    expect(await arrived('optional')).toEqual({ args: [], streams: [[1]] });
  });

  it('keeps as many of them as it takes to part uploads', async () => {
    await hub.send.many(numbers(1), numbers(2), 'x', numbers(3), undefined, undefined);
    expect(await arrived('many')).toEqual({ args: ['x', null], streams: [[1], [2], [3]] });
  });

  it('is refused where nothing can part it from another', async () => {
    const text = "@microsoft/signalr can't send 2 streams with 0 other arguments";
    await expect(hub.invoke.twins(numbers(1), numbers(2))).rejects.toThrow(text);
    await expect(hub.send.twins(numbers(1), numbers(2))).rejects.toThrow(text);
    await expect(hub.stream.twinStream(numbers(1), numbers(2))[Symbol.asyncIterator]().next()).rejects.toThrow(text);
    expect(() => hub.stream.twinStream(numbers(1), numbers(2)).subscribe({ next() {}, error() {}, complete() {} })).toThrow(text);
    await server.caughtUp(connection);
    expect(server.received).toHaveLength(1);
  });
});

describe('an upload stops', () => {
  it('when its call has been answered', async () => {
    const { upload, left } = endless();
    await expect(hub.invoke.early(upload)).resolves.toBe('done');
    await left;
  });

  it('when its call has failed', async () => {
    const { upload, left } = endless();
    await expect(hub.invoke.refuse(upload)).rejects.toThrow('no');
    await left;
  });

  it('when its call is answered while it waits for something else', async () => {
    const left = deferred();
    const waiting: AsyncIterableIterator<number> = {
      [Symbol.asyncIterator]: () => waiting,
      next: () => new Promise(() => {}),
      return: () => {
        left.resolve();
        return Promise.reject(new Error('nobody hears this'));
      },
    };
    await hub.invoke.early(waiting);
    await left.promise;
  });

  it('even if it can not be told to', async () => {
    let pulls = 0;
    const more = deferred();
    const source = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          pulls++;
          if (pulls > 1) await more.promise;
          return { done: false as const, value: pulls };
        },
      }),
    };
    await hub.invoke.early(source);
    more.resolve();
    await server.caughtUp(connection);
    expect(pulls).toBe(2);
  });

  it('when the stream that it belongs to is left', async () => {
    const { upload, left } = endless();
    for await (const number of hub.stream.doubled(upload)) if (number === 2) break;
    await left;
  });

  it('when the stream that it belongs to fails', async () => {
    const { upload, left } = endless();
    const failed = deferred();
    hub.stream.broken(upload).subscribe({ next() {}, complete() {}, error: failed.resolve });
    await failed.promise;
    await left;
  });

  it('when the connection is stopped', async () => {
    const source = endless();
    await hub.send.silent(source.upload);
    await server.heard(({ type }) => type === 2);
    await connection.stop();
    await source.left;
    expect((await server.heard(({ type }) => type === 7)).type).toBe(7);
  });

  it('when the connection is cut', async () => {
    // An item in the moment of the cut would be the official client's unhandled rejection.
    const more = deferred();
    const left = deferred();
    const upload = async function* (): AsyncGenerator<number, void> {
      try {
        yield 1;
        await more.promise;
        yield 2;
      } finally {
        left.resolve();
      }
    };
    const called = expect(hub.invoke.sum(upload())).rejects.toThrow(/closed/);
    await server.heard(({ type }) => type === 2);
    server.cut();
    await called;
    more.resolve();
    await left.promise;
  });

  it('before it begins, when there is no connection', async () => {
    await connection.stop();
    const source = endless();
    await expect(hub.send.silent(source.upload)).rejects.toThrow(/not in the 'Connected' State/);
    await source.left;
    expect(source.pulled).toBe(1);
  });

  it('when the call can not be made', async () => {
    const { source, next, left } = observable();
    await connection.stop();
    await expect(hub.invoke.sum(source)).rejects.toThrow(/not in the 'Connected' State/);
    await left;
    next(1);
  });
});
