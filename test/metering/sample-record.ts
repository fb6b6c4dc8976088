import { randomId } from '../../src/base/ids.ts';
import { HOUR, startOf } from '../../src/metering/day.ts';
import type { DayRecord, RecordedNames } from '../../src/metering/day-record.ts';

/** What a run used. */
export interface Used {
  readonly day: string;
  /** In hours of the day. */
  readonly from?: number;
  readonly to?: number;
  readonly connections?: number;
  readonly appServers?: number;
  /** Billed messages. */
  readonly hubs?: Readonly<Record<string, number>>;
  /** Of every hub. */
  readonly names?: RecordedNames;
}

/** Of a hub of which nothing was counted. */
export const nothing = {
  billedToClients: 0,
  billedToServers: 0,
  messagesFromClients: 0,
  messagesToClients: 0,
  bytesFromClients: 0,
  bytesToClients: 0,
  bytesFromServers: 0,
  bytesToServers: 0,
  clientsOpened: 0,
  serversOpened: 0,
  operations: 0,
  userErrors: 0,
  systemErrors: 0,
};

/** The record of a run: a part of its messages went to clients, and the rest to app servers. */
export function recordWith({ day, from = 0, to = 24, connections = 1, appServers = 0, hubs = {}, names }: Used): DayRecord {
  const start = startOf(day) as number;
  return {
    id: randomId(),
    sequence: 1,
    day,
    from: start + from * HOUR,
    to: start + to * HOUR,
    node: 'node',
    version: '1.0.0',
    peaks: { clients: connections, servers: 0, connections, appServers },
    hubs: Object.fromEntries(
      Object.entries(hubs).map(([name, billed]) => {
        const billedToServers = Math.floor(billed / 3);
        const counts = { ...nothing, billedToClients: billed - billedToServers, billedToServers, closed: { Client: {}, Server: {} } };
        return [name, names === undefined ? counts : { ...counts, names }];
      }),
    ),
  };
}
