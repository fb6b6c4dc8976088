import type { ServiceMessageOf } from './messages.ts';

/** Keys of pings, in both directions. */
export const PingKey = {
  /** Asks whether the hub has clients, and answers it. */
  status: 'status',
  clientCount: 'clientcount',
  serverCount: 'servercount',
  capacity: 'capacity',
  /** Asks for the ids of all app servers, and answers it. */
  servers: 'servers',
  /** Asks for one more server connection, to the instance that is named. */
  target: 'target',
  /** The instance of the service that is named has gone. */
  offline: 'offline',
  /** The app server leaves, and may. */
  shutdown: 'shutdown',
  /** Comes back as it is. */
  echo: 'echo',
  /** Switches the tracing of messages. */
  tracing: 'd-m',
  clientsInHub: '#clientInHub',
  clientsOnConnection: '#client',
} as const;

/** Values of the key `shutdown`: how an app server leaves, and that the service has taken note of it. */
export const ShutdownValue = { dropClients: 'fin:0', migrateClients: 'fin:1', waitForClients: 'fin:2', acknowledged: 'finack' } as const;

/** The value of a key; undefined where the ping lacks it. A key without a value, at the end, is none. */
export function pingValue({ entries }: Pick<ServiceMessageOf<'ping'>, 'entries'>, key: string): string | null | undefined {
  for (let at = 0; at + 1 < entries.length; at += 2) if (entries[at] === key) return entries[at + 1];
  return undefined;
}
