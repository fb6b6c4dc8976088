import { decode } from '@msgpack/msgpack';
import type { RedisOptions } from 'signalbox/redis';
import { readVectors } from '../../vector-file.ts';
import type { Heard, ProtocolName } from './client.ts';

/** Who of a farm did something: servers of ours, or the other kind of server. */
export type Side = 'ours' | 'theirs';

/** What passed between a server and Redis, as Redis had it. Bytes are text of ISO 8859-1: a character each. */
export type WireEvent =
  | { readonly server: Side; readonly publishes: string; readonly on: string }
  | { readonly server: Side; readonly subscribes: string }
  | { readonly server: Side; readonly unsubscribes: string };

/** What passed between a server and a client of it. */
export type ClientEvent =
  | { readonly client: string; readonly starts: true }
  | { readonly client: string; readonly stops: true }
  | { readonly client: string; readonly calls: string; readonly with: readonly unknown[] }
  | { readonly client: string; readonly gets: unknown }
  | { readonly client: string; readonly releases: string }
  | { readonly client: string; readonly hears: Heard };

export interface Step {
  readonly what: string;
  readonly events: readonly (WireEvent | ClientEvent)[];
}

export interface RecordedClient {
  readonly at: Side;
  readonly user: string;
  readonly protocol: ProtocolName;
  /** Its connection id. */
  readonly id: string;
}

/** What two servers of one farm, one of ours and one of ASP.NET Core, said to each other over Redis. */
export interface Transcript {
  readonly about: string;
  /** What it was recorded with. */
  readonly source: string;
  readonly options: RedisOptions;
  /** The servers' own names, as they stand in channels. */
  readonly servers: Readonly<Record<Side, string>>;
  readonly clients: Readonly<Record<string, RecordedClient>>;
  readonly steps: readonly Step[];
}

export function readTranscript(name: string): Transcript {
  return readVectors(`sessions/${name}.json`) as Transcript;
}

/**
 * What a payload says to a .NET server, which passes over all items of an invocation behind the fourth, and of a group command behind the fifth: two
 * payloads that mean the same are equal. Read without the code of ours that reads and writes them.
 */
export function meaning(channel: string, payload: Buffer): unknown {
  const items = decode(payload) as unknown[];
  if (channel.includes(':internal:return:')) {
    const [protocol, record] = items as [ProtocolName, Uint8Array];
    return { protocol, record: readRecord(protocol, record) };
  }
  if (channel.includes(':internal:')) return items.slice(0, 5);
  const [excluded, forms, id, address] = items as [string[], Record<ProtocolName, Uint8Array>, string | null, string | null];
  const messages = Object.entries(forms).map(([name, form]) => [name, readRecord(name as ProtocolName, form)]);
  return { excluded, messages, question: items.length > 3 && id ? { id, address } : null };
}

/** The invocation id and address of a question, by which its answer is found. */
export function questionOf(said: unknown): string | undefined {
  const { question } = said as { readonly question?: { readonly id: string } | null };
  return question?.id;
}

function readRecord(protocol: ProtocolName, record: Uint8Array): unknown {
  if (protocol === 'json')
    return JSON.parse(
      Buffer.from(record)
        .toString()
        .replace(/\u001e$/, ''),
    );
  let at = 0;
  while ((record[at] ?? 0) >= 0x80) at += 1;
  return decode(record.subarray(at + 1));
}
