import { authenticated, defineHub, method, SignalR } from 'signalbox';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly signedInUntil: Date;
}
/** Where the application keeps who is signed in: a session store, a database. */
export const accounts = new Map<string, Account>();

const profile = defineHub<object, Account>()({
  authorize: authenticated,
  methods: { name: method([], ({ user }) => user?.name) },
});

export const signalr = new SignalR({
  authenticate: ({ cookies }) => accounts.get(cookies.get('session') ?? ''),
  userId: ({ id }) => id,
  expiresAt: ({ signedInUntil }) => signedInUntil,
  allowedOrigins: [], // cookies come with WebSockets of every page: let in those of this host only
}).map('/profile', profile);
