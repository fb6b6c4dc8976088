/** Where a hub runs: in a process alone, in a farm behind Redis, or in app servers behind the service. */
export type PlaceName = 'alone' | 'redis' | 'service';

/** One place where a client is meant to notice where its hub runs. */
export interface PlaceDifference {
  /** What happens, as a title. */
  readonly subject: string;
  readonly alone: string;
  readonly redis?: string;
  readonly service?: string;
  readonly why: string;
}

const SAME = 'the same';

/**
 * Every intended difference between places. A test that meets one looks it up by its key (`server.differsAt`), and an entry of a place that no test
 * meets there fails the suite.
 */
export const placeDifferences = {
  accessToken: {
    subject: 'The access token that a client brings',
    alone: 'is seen by the hub, in the header or the query',
    service: 'is seen by `authenticate` while the client negotiates; the hub sees the one that leads to the service',
    why: 'what is meant for the app server is not for the service',
  },
  directWebSocket: {
    subject: 'A WebSocket without negotiation',
    alone: 'is taken',
    service: 'is refused by the app server',
    why: 'the answer to negotiation is what leads clients to the service',
  },
  goneElsewhere: {
    subject: 'The error of a client result whose client has gone',
    alone: 'says which connection it was',
    redis: 'says only that it disconnected, where another server had it',
    why: 'servers of a farm tell each other in the words of ASP.NET Core SignalR',
  },
} as const satisfies Record<string, PlaceDifference>;

export type PlaceDifferenceKey = keyof typeof placeDifferences;

/** The places, beside a process alone, at which an entry says what happens. */
export type PlacesOf<Key extends PlaceDifferenceKey> = Exclude<keyof (typeof placeDifferences)[Key], 'subject' | 'why' | 'alone'>;

/** The table of docs/testing.md, without its surroundings. */
export function placeDifferencesAsMarkdown(): string {
  const rows = Object.values<PlaceDifference>(placeDifferences).map(
    ({ subject, alone, redis = SAME, service = SAME, why }) => `| ${subject} | ${alone} | ${redis} | ${service} | ${why} |`,
  );
  return ['| where | in one process | behind Redis | behind the service | why |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
