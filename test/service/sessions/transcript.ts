import type { JWTPayload } from 'jose';
import type { ServiceOptions } from '../../../src/service/service.ts';
import { readVectors } from '../../vector-file.ts';

/** Bytes as text of ISO 8859-1, a character each; in parts where one character is repeated often. */
export type Bytes = string | readonly (string | { readonly repeat: string; readonly times: number })[];

export type Headers = Readonly<Record<string, string>>;

/** What passed on one server connection, which has a name like `A1`: the first of the app server `A`. */
export type ServerEvent =
  /** Its query, with `?`; its token without the times. */
  | {
      readonly server: string;
      readonly dials: string;
      readonly serverId: string;
      readonly headers: Headers;
      readonly claims: JWTPayload;
    }
  /** A whole message of the service protocol. */
  | { readonly server: string; readonly sends: Bytes }
  | { readonly server: string; readonly gets: Bytes }
  /** The app server closes its socket with a code; 0 where it was cut. */
  | { readonly server: string; readonly closes: number }
  /** The service closes it. */
  | { readonly server: string; readonly closed: number };

/** What passed between a client and the service. */
export type ClientEvent =
  /** Its query, with `?`; its token without the times. */
  | {
      readonly client: string;
      readonly negotiates: string;
      readonly headers: Headers;
      readonly claims: JWTPayload;
      readonly answer: unknown;
    }
  | { readonly client: string; readonly dials: string; readonly headers: Headers }
  /** One frame of its WebSocket. */
  | { readonly client: string; readonly sends: Bytes; readonly binary?: boolean }
  | { readonly client: string; readonly gets: Bytes; readonly binary?: boolean }
  | { readonly client: string; readonly closes: number }
  | { readonly client: string; readonly closed: number };

export interface Step {
  readonly what: string;
  readonly events: readonly (ServerEvent | ClientEvent)[];
}

/** What app servers with the official SDK, official clients and the service said to each other, in the order in which the service took it. */
export interface Transcript {
  readonly about: string;
  /** What it was recorded with. */
  readonly source: string;
  readonly hub: string;
  /** How the service ran, where not by default. */
  readonly options?: Partial<ServiceOptions>;
  readonly service: { readonly instanceId: string };
  /** Ids of the app servers. */
  readonly servers: Readonly<Record<string, string>>;
  /** Connection ids and connection tokens, as the service gave them. */
  readonly clients: Readonly<Record<string, { readonly id: string; readonly token: string }>>;
  readonly steps: readonly Step[];
}

export function readTranscript(name: string): Transcript {
  return readVectors(`sessions/service/${name}.json`) as Transcript;
}

/** Bytes in one text. */
export function whole(bytes: Bytes): string {
  if (typeof bytes === 'string') return bytes;
  return bytes.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join('');
}
