import { FlowControlTarget, type FlowControlOperation } from '../protocol/service/codes.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { LinkedClient, ServerLink } from './server-link.ts';

/** The largest piece in which a client's bytes are read, and go to an app server. */
export const PIECE = 131_072;
const PARTIAL = Object.freeze({ isPartial: true });

/**
 * Sends an app server bytes of a client.
 *
 * @param partial - whether they end inside a message
 */
export function relayBytes(link: ServerLink, client: LinkedClient, bytes: Buffer, partial: boolean): void {
  const { connectionId } = client;
  if (bytes.length <= PIECE && !partial && bytes.length > 0) {
    return link.relay(writeServiceMessage({ type: 'connectionData', connectionId, payload: bytes }), client);
  }
  for (let start = 0; start < bytes.length; start += PIECE) {
    const end = start + PIECE;
    const message = { type: 'connectionData', connectionId, payload: bytes.subarray(start, end) } as const;
    link.relay(writeServiceMessage(partial || end < bytes.length ? { ...message, extension: PARTIAL } : message), client);
  }
}

/** Sends an app server whole messages, and then what has come of the next one. @param end - of the last whole one */
export function relayPieces(link: ServerLink, client: LinkedClient, bytes: Buffer, end: number): void {
  // As nearly all comes.
  if (end === bytes.length) return relayBytes(link, client, bytes, false);
  relayBytes(link, client, bytes.subarray(0, end), false);
  relayBytes(link, client, bytes.subarray(end), true);
}

/** Tells an app server to send a client nothing for now, or to go on. */
export function controlFlow(
  link: ServerLink,
  { connectionId }: LinkedClient,
  operation: (typeof FlowControlOperation)['pause' | 'resume'],
): void {
  link.tell(writeServiceMessage({ type: 'connectionFlowControl', connectionId, target: FlowControlTarget.client, operation }));
}

/** Tells an app server that a client is gone. */
export function tellGone(link: ServerLink, { connectionId }: LinkedClient, error: string): void {
  link.tell(writeServiceMessage({ type: 'closeConnection', connectionId, error }));
}

/** Tells an app server that a client goes on with another one: it ends its side without a word to the client. */
export function tellMoved(link: ServerLink, { connectionId }: LinkedClient, to: ServerLink): void {
  const headers = new Map([['Asrs-Migrate-To', [to.traits.serverId]]]);
  link.tell(writeServiceMessage({ type: 'closeConnection', connectionId, error: '', headers }));
}

/** Tells an app server that a client came back by another socket: what had come of a message before that comes again. */
export function tellReconnected(link: ServerLink, { connectionId }: LinkedClient): void {
  link.tell(writeServiceMessage({ type: 'connectionReconnect', connectionId }));
}
