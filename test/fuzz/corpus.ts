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

/** What a client sent on the sockets of a connection to which it came back, frame by frame. */
export interface RecordedReturn {
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly sockets: readonly (readonly Buffer[])[];
}

interface Sessions {
  readonly sessions: readonly {
    readonly name: string;
    readonly protocol: ProtocolName;
    readonly events: readonly {
      readonly at: string;
      readonly kind: string;
      readonly conn?: number;
      readonly text?: string;
      readonly base64?: string;
    }[];
  }[];
}

const ofDotnet = readVectors('clients-dotnet.json') as Sessions;

export const recordedReturns: readonly RecordedReturn[] = ofDotnet.sessions
  .filter(({ events }) => events.some(({ kind }) => kind === 'cut'))
  .map(({ name, protocol, events }) => {
    const frames = events.filter(({ at, kind, text, base64 }) => at === 'client' && kind === 'ws-frame' && (text ?? base64) !== undefined);
    const sockets = [...new Set(frames.map(({ conn }) => conn))].map((socket) =>
      frames
        .filter(({ conn }) => conn === socket)
        .map(({ text, base64 }) => (text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text))),
    );
    return { name, protocol, sockets };
  })
  .filter(({ name, sockets }) => name.startsWith('stateful reconnect') && sockets.length === 2);

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
