import type { ServiceMessageOf } from '../protocol/service/messages.ts';
import { PingKey, pingValue, ShutdownValue } from '../protocol/service/ping.ts';
import type { ServerLinks } from './server-links.ts';

type Entries = ServiceMessageOf<'ping'>['entries'];

/** What pings ask about. */
export interface PingSubject {
  /** Clients of the hub. */
  readonly clients: number;
  readonly links: ServerLinks;
  /** The clock's time in milliseconds. */
  readonly now: number;
}

/** The entries of the ping that answers one; undefined where there is nothing to say. */
export function pingAnswer(ping: ServiceMessageOf<'ping'>, { clients, links, now }: PingSubject): Entries | undefined {
  if (pingValue(ping, PingKey.echo) !== undefined) return ping.entries;
  const answer: string[] = [];
  if (pingValue(ping, PingKey.status) !== undefined) {
    answer.push(
      PingKey.status,
      clients > 0 ? '1' : '0',
      PingKey.clientCount,
      `${clients}`,
      PingKey.serverCount,
      `${links.serverIds.length}`,
    );
  }
  if (pingValue(ping, PingKey.servers) !== undefined) {
    answer.push(PingKey.servers, `${Math.floor(now)}:${links.serverIds.map((id) => `${id};`).join('')}`);
  }
  return answer.length > 0 ? answer : undefined;
}

/** What becomes of the clients of an app server that leaves. */
export type LeavingMode = 'dropClients' | 'migrateClients' | 'waitForClients';

const leavingModes: ReadonlyMap<string | null | undefined, LeavingMode> = new Map([
  [ShutdownValue.dropClients, 'dropClients'],
  [ShutdownValue.migrateClients, 'migrateClients'],
  [ShutdownValue.waitForClients, 'waitForClients'],
]);

export const isLeavingMode = (mode: string): mode is LeavingMode => [...leavingModes.values()].some((known) => known === mode);

/** How an app server says it leaves; undefined where it does not. */
export function leavingMode(ping: ServiceMessageOf<'ping'>): LeavingMode | undefined {
  return leavingModes.get(pingValue(ping, PingKey.shutdown));
}
