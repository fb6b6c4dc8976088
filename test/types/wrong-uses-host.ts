// Mistakes with a host that must not compile, each found at its own line.
import { defineHub, method, quota, rateLimit, requireClaim, SignalR, type HubFilter } from 'signalbox';
import { jwtBearer } from 'signalbox/jwt';
import { chat } from './chat.ts';

interface AppUser {
  readonly id: string;
  readonly roles: readonly string[];
}
declare const signalr: SignalR;
declare const filter: HubFilter<AppUser>;
const perTenant = quota<AppUser>({ per: ({ user }) => user?.roles[0], limit: 1, window: 1 });
const board = defineHub<object, AppUser>()({ methods: {} });
const outside = signalr.hub(chat);

// ---- mapping
// @ts-expect-error the hub needs AppUser, this host knows claims
signalr.map('/board', board);
// @ts-expect-error nor can it be reached there
signalr.hub(board);
// @ts-expect-error a path starts with a slash
signalr.map('chat', chat);
// @ts-expect-error not a hub
signalr.map('/chat', { methods: {} });
// @ts-expect-error unknown transport
signalr.map('/chat', chat, { transports: ['websockets'] });
// @ts-expect-error a feature is made by feature
signalr.map('/chat', chat, { features: [(request: object) => request] });
// @ts-expect-error a feature is no name
signalr.map('/chat', chat, { authorize: ({ request }) => request.features.get('session') === 1 });
// @ts-expect-error authorize answers yes or no
signalr.map('/chat', chat, { authorize: ({ user }) => user });
// @ts-expect-error a handler, not a hub
signalr.mapConnection('/echo', chat);

// ---- from outside
// @ts-expect-error no caller outside of a call
void outside.clients.caller;
// @ts-expect-error outside, a group needs the connection
void outside.groups.join('lobby');
// @ts-expect-error an outside send with the wrong types
void outside.clients.user('u').message(1, 2);
// @ts-expect-error only a single client can be asked
void outside.clients.all.invoke.confirm('?');

// ---- the host's user
const authenticated = new SignalR({ authenticate: (): AppUser => ({ id: '1', roles: [] }), userId: (user) => user.id });
authenticated.map('/board', board);
// @ts-expect-error the hub wants claims, this host knows AppUser
authenticated.map('/chat', chat);
// @ts-expect-error the user has no name
export const named = new SignalR({ authenticate: (): AppUser => ({ id: '1', roles: [] }), userId: (user) => user.name });
// @ts-expect-error a user id is a string
export const numbered = new SignalR({ userId: () => 5 });
// @ts-expect-error a filter for another user
export const filtered = new SignalR({ authenticate: (): { id: string } => ({ id: '1' }), filters: [filter] });
// @ts-expect-error a misspelt option
export const misspelt = new SignalR({ authentificate: () => undefined });
// @ts-expect-error when it expires is a Date
export const expiring = new SignalR({ authenticate: (): AppUser => ({ id: '1', roles: [] }), expiresAt: () => 5 });
// @ts-expect-error origins are a list, or a function
export const anywhere = new SignalR({ allowedOrigins: '*' });

// ---- who may do what
// @ts-expect-error the policy is called with the values
void defineHub()({ authorize: requireClaim, methods: {} });
// @ts-expect-error a hub's authorize answers yes or no
void defineHub()({ authorize: () => 'yes', methods: {} });
// @ts-expect-error a method's authorize answers yes or no
void method([], { authorize: () => 1 }, () => 1);
// @ts-expect-error a claim has text, a number or a truth value
void requireClaim('role', ['admin']);

// ---- tokens
// @ts-expect-error a misspelt option
void jwtBearer({ secrets: 'x' });
// @ts-expect-error a hub for AppUser, claims of a token
new SignalR({ authenticate: jwtBearer({ secret: '' }) }).map('/board', board);
// @ts-expect-error no user of the type that is named
void jwtBearer<AppUser>({ secret: '' }, ({ sub }) => sub);

// ---- limits
// @ts-expect-error a limit of a user that this host does not know
export const tenants = new SignalR({ authenticate: (): { id: string } => ({ id: '1' }), filters: [perTenant] });
// @ts-expect-error nobody waits for a quota
quota({ per: 'user', limit: 1, window: 1, atLimit: 'wait' });
// @ts-expect-error who shares the limit?
rateLimit({ capacity: 1, refillPerSecond: 1 });
// @ts-expect-error an unknown way to end
export const dropped = new SignalR({ connectionLimits: { perUser: { limit: 1, atLimit: 'drop' } } });
// @ts-expect-error limits on connections are the host's
new SignalR().map('/chat', chat, { connectionLimits: { server: 1 } });
