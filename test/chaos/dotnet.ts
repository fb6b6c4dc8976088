const away =
  'Sends fail after 5 to 6 s, and a server does not reach its own clients either. Nothing is sent again: what failed, and what others sent, is lost. ' +
  'An outage of 1.5 s is waited out, but one of two messages reached the clients of its own server only. Subscribed again after 0.5 to 1.0 s';

/** What the Redis backplane of ASP.NET Core does in a fault, measured on ASP.NET Core 10.0.12. What is not here was not measured. */
const measured: Readonly<Record<string, string>> = {
  'redis-kill': away,
  'redis-kill-aof': 'The same: it keeps nothing in Redis',
  'redis-restart': 'The same',
  arrivals:
    'A new client is closed after 5 to 6 s. A join of a group that is new to the server fails, and leaves the group deaf there, for later members too',
  'client-kill': 'Of the subscribing connection alone: a message right behind it reached nobody. Subscribed again after 3 ms',
  'server-sigkill': 'A question to one of its clients is never answered: there is no time-out',
};

export function onDotnet(fault: string): string {
  return measured[fault] ?? 'not measured';
}
