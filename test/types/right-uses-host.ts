// What users write with a host, and what has to compile.
import { createServer } from 'node:http';
import {
  authenticated,
  defineHub,
  method,
  quota,
  rateLimit,
  requireClaim,
  SignalR,
  type Claims,
  type HubFilter,
  type LimitError,
} from 'signalbox';
import { jwtBearer, type JwtClaims } from 'signalbox/jwt';
import { chat } from './chat.ts';
import { is } from './is.ts';

interface AppUser {
  readonly id: string;
}
const board = defineHub<object, AppUser>()({ methods: {} });
declare const anyUser: HubFilter<unknown>;
declare const appUser: HubFilter<AppUser>;

await using signalr = new SignalR();
signalr
  .map('/chat', chat, { authorize: ({ user }) => user !== undefined })
  .mapConnection('/echo', (connection) => connection.id)
  .attach(createServer());

const { clients, groups } = signalr.hub(chat);
await clients.all.message('system', 'hello');
await clients.users(['a', 'b']).send('message', 'system', 'hello');
await groups.join('id', 'lobby');
const sure = await clients
  .client('id')
  .invokeWith({ timeout: 5_000, signal: AbortSignal.timeout(1) })
  .confirm('?');
is<typeof sure, boolean>();

// ---- the user is what `authenticate` returns, however it is written
const known: AppUser = { id: '1' };
new SignalR({ authenticate: () => known, userId: (user) => user.id }).map('/board', board);
new SignalR({ authenticate: async () => known, userId: (user) => user.id }).map('/board', board);
new SignalR({ authenticate: ({ headers }) => (headers.has('x') ? known : undefined), userId: ({ id }) => id }).map('/board', board);
new SignalR({ authenticate: async ({ url }) => (url.search ? known : undefined), userId: ({ id }) => id }).map('/board', board);

// ---- and filters know it
new SignalR({ authenticate: () => known, filters: [anyUser, appUser] }).map('/board', board);
new SignalR({
  authenticate: ({ headers }) => (headers.has('x') ? known : undefined),
  userId: ({ id }) => id,
  filters: [{ connected: ({ user }, next) => (user?.id === '1' ? next() : Promise.reject(new Error('no'))) }],
}).map('/board', board);
new SignalR({ filters: [{ connected: ({ user }, next) => (user?.sub === '1' ? next() : Promise.resolve()) }] }).map('/chat', chat);

// ---- who may do what
const guarded = defineHub()({
  authorize: authenticated,
  authenticationRefreshed: ({ user }) => is<typeof user, Claims | undefined>(),
  methods: {
    any: method([], { authorize: authenticated }, () => 1),
    some: method([], { authorize: requireClaim('role', 'admin', 1, true) }, () => 1),
  },
});
new SignalR().map('/guarded', guarded, { authorize: requireClaim('tenant') }).mapConnection('/raw', () => 0, { authorize: authenticated });
defineHub<object, AppUser>()({ authorize: async ({ user, request }) => user?.id === request.url.host, methods: {} });
new SignalR({
  authenticate: () => known,
  expiresAt: ({ id }) => new Date(id),
  onAuthenticationRefresh: ({ previousUser, user, expires }) => previousUser?.id === user?.id && expires !== undefined,
}).map('/board', board);

// ---- tokens: the user is the claims, or what is made of them
new SignalR({ authenticate: jwtBearer({ secret: '' }) }).map('/guarded', guarded);
new SignalR({ authenticate: jwtBearer<AppUser>({ secret: '' }, () => known), userId: (user) => user.id }).map('/board', board);
const records = jwtBearer({ jwks: '' }, async ({ sub }) => (sub ? known : undefined));
new SignalR({ authenticate: records, userId: ({ id }) => id }).map('/board', board);
const claims = jwtBearer({ secret: '' });
is<Awaited<ReturnType<typeof claims>>, JwtClaims | undefined>();
// ---- limits on calls fit every host and hub, unless they look at its user
const perUser = rateLimit({ per: 'user', capacity: 10, refillPerSecond: 1 });
is<typeof perUser, HubFilter<unknown>>();
const perTenant = quota<AppUser>({ per: ({ user }) => user?.id, limit: 1_000, window: 3_600_000 });
new SignalR({ authenticate: () => known, filters: [perUser, perTenant, anyUser] }).map('/board', board);
defineHub()({
  methods: {},
  filters: [perUser, rateLimit({ per: ({ request }) => request.remoteAddress, capacity: 1, refillPerSecond: 1 })],
});
is<LimitError['retryAfter'], number>();

// ---- limits on connections
export const limited = new SignalR({
  connectionLimits: { server: 10, perUser: 5, perAddress: { limit: 5, atLimit: 'closeOldest' } },
  descriptorReserve: null,
});
export const proxied = new SignalR({
  connectionLimits: { perAddress: 5, clientAddress: ({ headers }) => headers.get('x-real-ip') ?? undefined },
});
is<typeof signalr.connections, number>();
is<typeof signalr.descriptors.state, 'enough' | 'short' | 'unknown'>();
