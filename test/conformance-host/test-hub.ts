import { defineHub, method, streamOf } from 'signalbox';
import { z } from 'zod';
import { ComplexObject, CustomObject, exampleObject, text } from './values.ts';
import { invalidOperation } from './named-error.ts';
import { readCookie, readHeader, readNumber } from './request-values.ts';

/** What the hub calls on its clients. */
export interface TestClient {
  Message(text: string | null): void;
  CustomObject(object: CustomObject): void;
  StreamCanceled(): void;
  Result(): number;
}

/** Yields nothing and never ends. */
const endless: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };

/** The hub that client suites call. What each method answers is theirs to say, not ours. */
export const testHub = defineHub<TestClient>()({
  results: { Result: z.int32() },
  methods: {
    Echo: method([text], (_, message) => message),
    GetCallerConnectionId: method([], ({ connectionId }) => connectionId),
    GetNumRedirects: method([], ({ request }) => readNumber(request, 'numRedirects')),
    GetActiveTransportName: method([], ({ transport }) => transport.charAt(0).toUpperCase() + transport.slice(1)),
    GetContentTypeHeader: method([], ({ request }) => readHeader(request, 'Content-Type')),
    GetHeader: method([z.string()], ({ request }, headerName) => readHeader(request, headerName)),
    GetCookie: method([z.string()], ({ request }, cookieName) => readCookie(request, cookieName)),

    InvokeWithString: method([text], ({ clients, connectionId }, message) => clients.client(connectionId).Message(message)),
    SendCustomObject: method([CustomObject], ({ clients, connectionId }, object) => clients.client(connectionId).CustomObject(object)),
    EchoComplexObject: method([ComplexObject], (_, object) => object),
    SendComplexObject: method([], () => exampleObject),

    ThrowException: method([text], (_, message) => {
      throw invalidOperation(message);
    }),
    // Not a generator: it fails before there is a stream, and that has a text of its own.
    StreamThrowException: method([text], (_, message): AsyncIterable<string> => {
      throw invalidOperation(message);
    }),

    Stream: method([], function* () {
      yield* ['a', 'b', 'c'];
    }),
    EmptyStream: method([], function* (): Generator<number> {
      yield* [];
    }),
    InfiniteStream: method([], ({ clients, connectionId, signal }): AsyncIterable<string> => {
      signal.addEventListener('abort', () => void clients.client(connectionId).StreamCanceled(), { once: true });
      return endless;
    }),
    StreamingConcat: method([streamOf(text)], async (_, stream) => {
      let joined = '';
      for await (const item of stream) joined += item ?? '';
      return joined;
    }),
  },
});
