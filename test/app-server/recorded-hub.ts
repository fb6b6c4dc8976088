import { setTimeout as delay } from 'node:timers/promises';
import { defineHub, HubError, method, streamOf } from 'signalbox';
import { z } from 'zod';
import { longClaimName } from '../../src/authentication/claim-names.ts';

/** Items of a slow stream that were recorded before its client cancelled it. */
const RECORDED_ITEMS = 2;

/** What a .NET app knows of a user. */
function claimsOf(user: unknown): unknown {
  const claims = Object.entries(user as Record<string, string | readonly string[]>).flatMap(([name, values]) =>
    [values].flat().map((value) => [longClaimName(name), value]),
  );
  const { unique_name: name, role = [] } = user as { unique_name?: string; role?: readonly string[] };
  // How somebody signed in stays with the SDK of .NET.
  return { authenticated: true, type: 'test', name, isMember: role.includes('member'), isAdmin: role.includes('admin'), claims };
}

/** The hub of the recorded sessions in its Node form, as far as they are played: methods by the names that clients call, which are those of .NET. */
export const recordedHub = () =>
  defineHub()({
    name: 'ChatHub',
    connected: async ({ clients, connectionId, userId, request: { url } }) => {
      const query = url.searchParams;
      if (query.get('failconnect') === '1') throw new HubError('no entry');
      const isQuiet = query.get('quiet') === '1' || query.get('hello') === '0';
      if (!isQuiet) await clients.caller.send('hello', { connectionId, userId: userId ?? null, server: 'A', hub: 'ChatHub' });
    },
    disconnected: async ({ clients, connectionId, request: { url } }) => {
      const query = url.searchParams;
      if (query.get('quiet') !== '1' && query.get('left') !== '0') await clients.all.send('left', connectionId, null);
    },
    methods: {
      claims: method([], ({ user }) => claimsOf(user)),
      broadcast: method([z.unknown()], ({ clients, connectionId }, value) => clients.all.send('message', 'all', connectionId, value)),
      echo: method([z.unknown()], (_, value) => value),
      echoString: method([z.string()], (_, text) => text),
      echoBytes: method([z.unknown()], (_, bytes) => bytes),
      add: method([z.number(), z.number()], (_, a, b) => a + b),
      nothing: method([], () => {}),
      note: method([z.string()], () => {}),
      userId: method([], ({ userId }) => userId ?? null),
      throwHub: method([z.string()], (_, text) => {
        throw new HubError(text);
      }),
      abort: method([], (context) => context.abort()),
      count: method([z.number(), z.number()], async function* ({ signal }, count, pause) {
        for (let at = 0; at < count; at++) {
          if (pause > 0 && at === RECORDED_ITEMS) await delay(60_000, undefined, { signal });
          yield at;
        }
      }),
      countThrow: method([z.number(), z.string()], function* (_, count, text) {
        for (let at = 0; at < count; at++) yield at;
        throw new HubError(text);
      }),
      sum: method([streamOf(z.number())], async (_, numbers) => {
        let sum = 0;
        for await (const number of numbers) sum += number;
        return sum;
      }),
      echoStream: method([streamOf(z.unknown())], async function* (_, items) {
        yield* items;
      }),
    },
  });
