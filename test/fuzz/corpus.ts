import { JsonHubProtocol, MessagePackHubProtocol } from 'signalbox/protocol';
import type { HubProtocol } from 'signalbox/protocol';
import { bytesOf, loadVectors } from '../protocol/hub/vectors.ts';
import { readVectors } from '../vector-file.ts';

/** What a client sent, in order, in one recorded session. */
export interface RecordedSession {
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly sends: readonly Buffer[];
}

/** One of each kind of request that a client sends, with `{connectionToken}`, `{host}` and `{random}` in it. */
export interface RecordedRequest {
  readonly head: readonly string[];
  readonly body?: string;
}

export type ProtocolName = 'json' | 'messagepack';

interface ClientSends {
  readonly sessions: readonly {
    readonly name: string;
    readonly protocol: ProtocolName;
    readonly sends: readonly { readonly text?: string; readonly hex?: string }[];
  }[];
  readonly requests: readonly RecordedRequest[];
}

const recorded = readVectors('client-sends.json') as ClientSends;
const vectors = loadVectors();

const payloadOf = ({ text, hex }: { readonly text?: string; readonly hex?: string }): Buffer =>
  hex === undefined ? Buffer.from(text ?? '') : Buffer.from(hex, 'hex');

export const recordedSessions: readonly RecordedSession[] = recorded.sessions.map(({ name, protocol, sends }) => ({
  name,
  protocol,
  sends: sends.map(payloadOf),
}));

export const recordedRequests: readonly RecordedRequest[] = recorded.requests;

/** A hub protocol and bytes that were recorded in it or measured: handshakes, single messages, and whole sessions behind the handshake. */
export interface Corpus {
  readonly protocol: HubProtocol;
  readonly messages: readonly Buffer[];
  readonly sessions: readonly Buffer[];
}

const sessionsIn = (name: ProtocolName): Buffer[] =>
  recordedSessions.filter(({ protocol }) => protocol === name).map(({ sends }) => Buffer.concat(sends.slice(1)));

export const json: Corpus = { protocol: new JsonHubProtocol(), messages: vectors.json.map(bytesOf), sessions: sessionsIn('json') };

export const messagePack: Corpus = {
  protocol: new MessagePackHubProtocol(),
  messages: vectors.messagepack.map(bytesOf),
  sessions: sessionsIn('messagepack'),
};

export const handshakes: readonly Buffer[] = vectors.handshake.map(bytesOf);
