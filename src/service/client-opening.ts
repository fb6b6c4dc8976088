import { admittedClaims } from '../authentication/access-keys.ts';
import { parseHandshakeRequest, writeHandshakeResponse } from '../protocol/hub/handshake.ts';
import { readTextRecord } from '../protocol/hub/framing.ts';
import { HubProtocolError } from '../protocol/hub/hub-protocol.ts';
import { DataType } from '../protocol/service/codes.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { Connection, ConnectionRequest } from '../transport/connection.ts';
import { claimPairs } from './claims.ts';
import type { ClientIdentity } from './client-identity.ts';
import { relayedProtocol, type RelayedProtocol } from './relayed-protocol.ts';

/** What a client asks for. */
export interface AcceptedHandshake {
  readonly protocol: RelayedProtocol;
  /** Of the protocol. */
  readonly version: number;
  /** The offset behind the request. */
  readonly end: number;
}

/** What a client's first bytes come to. */
export type ClientHandshake = AcceptedHandshake | { readonly refused: string };

/** Reads a handshake request as far as the service has to know it. Undefined where it has not come whole. */
export function clientHandshake(bytes: Buffer, limit: number): ClientHandshake | undefined {
  try {
    const end = readTextRecord(bytes, 0, limit);
    if (end < 0) return undefined;
    const { protocol, version } = parseHandshakeRequest(bytes.subarray(0, end));
    return { protocol: relayedProtocol(protocol), version, end: end + 1 };
  } catch (error) {
    if (!(error instanceof HubProtocolError)) throw error;
    return { refused: error.message };
  }
}

/** A client that is to be opened at an app server. */
export interface ClientOpening {
  readonly connection: Connection;
  readonly identity: ClientIdentity;
  /** The name of its hub protocol. */
  readonly protocol: string;
  /** Of this node. */
  readonly instanceId: string;
}

/** @param more - headers besides those of the client */
export function openConnection(
  opening: ClientOpening,
  trustForwardedFor: boolean,
  more: readonly (readonly [string, string])[] = [],
): Buffer {
  const { connection, identity, protocol, instanceId } = opening;
  const { request } = connection;
  const headers = headersOf(request, trustForwardedFor);
  headers.set('Asrs-Instance-Id', [instanceId]);
  // For Node app servers, whose hubs can ask; the official SDK hands it on as any other header.
  headers.set('Asrs-Client-Transport', [connection.transport]);
  if (identity.diagnostic) headers.set('Asrs-Is-Diagnostic-Client', ['true']);
  for (const [name, value] of more) headers.set(name, [value]);
  return writeServiceMessage({
    type: 'openConnection',
    connectionId: connection.id,
    // All of them: the app server knows which are the user's.
    claims: claimPairs(admittedClaims(request)),
    headers,
    queryString: request.url.search,
    extension: { protocol },
  });
}

/** The header of a client that comes from another app server, which is no new one, and waits for no answer to its handshake. */
export const migratedFrom = (serverId: string): readonly [string, string] => ['Asrs-Migrate-From', serverId];

/** What the service says by headers is not the client's to say. */
const OWN = /^(?:(?:x-)?asrs-|x-forwarded-for$)/;

function headersOf({ headers, remoteAddress }: ConnectionRequest, trustForwardedFor: boolean): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const [name, value] of headers) if (!OWN.test(name)) all.set(name, [value]);
  const forwarded = trustForwardedFor ? headers.get('x-forwarded-for') : null;
  const chain = [forwarded, remoteAddress].filter((part) => part !== null && part !== undefined);
  if (chain.length > 0) all.set('X-Forwarded-For', [chain.join(', ')]);
  return all;
}

const ACCEPTED = writeHandshakeResponse();

/** Whether an app server lets a client in by this, and says nothing more. */
export const isAcceptance = (payload: Buffer): boolean => payload.toString() === ACCEPTED;

/** Whether this answers a handshake. Libraries before 2024 do not say what they send. */
export function isAnswer(payload: Buffer, dataType: number | undefined): boolean {
  return dataType === undefined ? isAcceptance(payload) : dataType === DataType.handshake;
}
