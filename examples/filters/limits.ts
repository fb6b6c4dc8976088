import { quota, rateLimit, SignalR } from 'signalbox';

interface Account {
  readonly id: string;
  readonly tenant: string;
}

declare const accountOf: (token: string | null) => Account | undefined;

export const signalr = new SignalR({
  authenticate: ({ url }) => accountOf(url.searchParams.get('access_token')),
  userId: ({ id }) => id,
  filters: [
    // No client may flood us, whoever it is.
    rateLimit({ per: 'connection', capacity: 100, refillPerSecond: 50, atLimit: 'close' }),
    // A user may call in bursts; what goes beyond that waits a little. Uploads and searches cost more.
    rateLimit({
      per: 'user',
      capacity: 20,
      refillPerSecond: 5,
      cost: ({ method, uploads }) => (method === 'search' ? 5 : 1 + uploads),
      atLimit: 'wait',
      maximumWait: 2_000,
    }),
    // A customer has so many calls an hour, however many users that are.
    quota<Account>({ per: ({ user }) => user?.tenant, limit: 10_000, window: 3_600_000 }),
  ],
});
