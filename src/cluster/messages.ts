import { bytes, flag, number, numbers, text, texts } from '../backplane/envelope-fields.ts';
import { Envelope, type EnvelopeMessage, type EnvelopeMessageOf } from '../backplane/envelope.ts';

/** Of the envelope that nodes put around what they say to each other. */
export const CLUSTER_VERSION = 1;

/** Who says it, and the how-many-eth message it is of those that this node published on the subject: a gap shows. */
const from = { node: text, count: number };
/** A server connection: `link` is the number that the node gave it that has it. */
const ofLink = { ...from, hub: text, link: number };

/** Every kind of message: its code, and its fields in their order on the wire. Bytes are messages of the service protocol, framed. */
const layouts = {
  /** The node is there; `asks` whether others are. On each of these subjects it has published so many messages. */
  here: { code: 1, fields: { ...from, asks: flag, subjects: texts, counts: numbers } },
  /** The node goes. */
  gone: { code: 2, fields: from },
  /** Something was lost between two nodes: what they have of each other is void, and each introduces itself anew. `answers` says the same. */
  severed: { code: 3, fields: { ...from, answers: flag } },
  /** A piece of a message that is too large for the bus. */
  part: { code: 4, fields: { ...from, last: flag, bytes } },
  /** The node has clients of a hub, and hears what is for them. It lets them in when each other node has answered `request`; 0 needs no answer. */
  listening: { code: 5, fields: { ...from, hub: text, request: number } },
  /** So many clients of a hub are at the node. */
  census: { code: 6, fields: { ...from, hub: text, clients: number } },
  /** A server connection is ready. `leaving`: as in `leaving`, or empty. */
  linked: {
    code: 7,
    fields: {
      ...ofLink,
      id: text,
      serverId: text,
      userAgent: text,
      connectionKind: text,
      migrates: flag,
      statefulReconnect: flag,
      connectedAt: number,
      clients: number,
      leaving: text,
      full: flag,
    },
  },
  /** It is gone. */
  unlinked: { code: 8, fields: ofLink },
  /** It serves so many clients, of all nodes. */
  loaded: { code: 9, fields: { ...ofLink, clients: number } },
  /** Its app server leaves; `mode` says what becomes of its clients. */
  leaving: { code: 10, fields: { ...ofLink, mode: text } },
  /** Its app server has enough for now, or takes more again. */
  flow: { code: 11, fields: { ...ofLink, full: flag } },
  /** A client of the node is served by it, or no longer. */
  bound: { code: 12, fields: { ...ofLink, connectionId: text, bound: flag } },
  /** For the app server at its other end. */
  carried: { code: 13, fields: { ...ofLink, bytes } },
  /** What the app server said that concerns clients of other nodes. The answer to `request` is an `outcome`; 0 needs none. */
  said: { code: 14, fields: { ...ofLink, request: number, bytes } },
  /** What became of a request. `status` is as in acks; without a message or a payload, they are empty. */
  outcome: { code: 15, fields: { ...from, request: number, status: number, message: text, payload: bytes } },
  /** A user's later connections are to be in a group. `left`: milliseconds; 0 for good. */
  userGroup: { code: 16, fields: { ...from, hub: text, user: text, group: text, left: number } },
  /** The node has no clients of a hub any more, and soon hears nothing of what is for them. */
  notListening: { code: 17, fields: { ...from, hub: text } },
} as const;

type Layouts = typeof layouts;

/** A message of one kind. */
export type ClusterMessageOf<Kind extends keyof Layouts> = EnvelopeMessageOf<Layouts, Kind>;

/** What one node says to others. */
export type ClusterMessage = EnvelopeMessage<Layouts>;

/** The same without its sender, which the publisher adds. */
export type ClusterBody = { [Kind in keyof Layouts]: Omit<ClusterMessageOf<Kind>, 'node' | 'count'> }[keyof Layouts];

const envelope = new Envelope(CLUSTER_VERSION, layouts);

export function writeClusterMessage(message: ClusterMessage): Buffer {
  return envelope.write(message);
}

/** Undefined for bytes that are no message of this version. What is read as bytes are views of those given. */
export function readClusterMessage(given: Buffer): ClusterMessage | undefined {
  return envelope.read(given);
}
