import type { TransportName } from './connection.ts';

/** The newest negotiate version that is spoken; 1 keeps the secret connection token apart from the public id. */
export const NEGOTIATE_VERSION = 1;

const INT32 = 2_147_483_647;

interface AvailableTransport {
  readonly transport: string;
  readonly transferFormats: readonly string[];
}

/** In the order in which clients try them. */
const available: Readonly<Record<TransportName, AvailableTransport>> = {
  webSockets: { transport: 'WebSockets', transferFormats: ['Text', 'Binary'] },
  serverSentEvents: { transport: 'ServerSentEvents', transferFormats: ['Text'] },
  longPolling: { transport: 'LongPolling', transferFormats: ['Text', 'Binary'] },
};
const order = ['webSockets', 'serverSentEvents', 'longPolling'] as const satisfies readonly TransportName[];

/** What a client may do next. The order of the properties is the reference server's. */
export interface NegotiateResponse {
  readonly useStatefulReconnect?: true;
  readonly negotiateVersion: number;
  readonly connectionId: string;
  readonly connectionToken?: string;
  /** Seconds until the user's authentication expires, where it does and can be refreshed (ASP.NET Core 11). */
  readonly tokenLifetimeSeconds?: number;
  readonly availableTransports: readonly AvailableTransport[];
}

/** A refusal, which is sent with status 200 too. */
export interface NegotiateError {
  readonly error: string;
}

/**
 * The version to answer in, or why there is none.
 *
 * @param requested - the query's `negotiateVersion`; undefined means 0
 */
export function negotiatedVersion(requested: string | undefined, minimum: number): number | NegotiateError {
  const version = requested === undefined ? 0 : integer(requested);
  if (version === undefined) return { error: 'The client requested a non-integer protocol version.' };
  if (version < minimum) return { error: `The client requested version '${version}', but the server does not support this version.` };
  return Math.min(version, NEGOTIATE_VERSION);
}

/** Whether a client asks for stateful reconnect, as .NET reads a Boolean. */
export function asksForStatefulReconnect(requested: string | undefined): boolean {
  return requested !== undefined && /^\s*true\s*$/i.test(requested);
}

/** What a session is known by: `token` is what transports are asked for by. In version 0 it is the id itself. */
export interface NegotiatedSession {
  readonly id: string;
  readonly token: string | undefined;
  readonly stateful: boolean;
}

/** @param lifetime - seconds until the user's authentication expires, where the client is to know */
export function negotiateResponse(
  version: number,
  { id, token = id, stateful }: NegotiatedSession,
  transports: readonly TransportName[],
  lifetime?: number,
): NegotiateResponse {
  return {
    ...(stateful && { useStatefulReconnect: true }),
    negotiateVersion: version,
    connectionId: id,
    ...(version > 0 && { connectionToken: token }),
    ...(lifetime !== undefined && { tokenLifetimeSeconds: lifetime }),
    availableTransports: order.filter((name) => transports.includes(name)).map((name) => available[name]),
  };
}

/** As .NET reads an Int32: a sign and spaces around are fine, other notations are not. */
function integer(value: string): number | undefined {
  if (!/^\s*[+-]?\d+\s*$/.test(value)) return undefined;
  const number = Number(value);
  return number > INT32 || number < -INT32 - 1 ? undefined : number + 0;
}
