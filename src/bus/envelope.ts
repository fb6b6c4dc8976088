import { audience, bytes, flag, forms, number, text, texts } from '../backplane/envelope-fields.ts';
import { Envelope, type EnvelopeMessage, type EnvelopeMessageOf } from '../backplane/envelope.ts';

/** Of the envelope that servers of a farm put around what they say to each other. */
export const ENVELOPE_VERSION = 1;

/** Every kind of message: its code, and its fields in their order on the wire. */
const layouts = {
  /** A hub message for clients. */
  message: { code: 1, fields: { audience, forms } },
  /** A client result is asked of a connection; `server` gets the answer. */
  question: { code: 2, fields: { id: text, server: text, connectionId: text, forms } },
  /** What the client answered, in the protocol that it speaks. */
  answer: { code: 3, fields: { id: text, protocol: text, record: bytes } },
  /** Whoever has the connection puts it into a group, or takes it out. */
  change: { code: 4, fields: { id: text, server: text, connectionId: text, group: text, joins: flag } },
  /** The change has been made. */
  done: { code: 5, fields: { id: text } },
  /** The connection that a question or a change is about has gone. */
  left: { code: 6, fields: { id: text } },
  /** Which of these connections does each server have? */
  look: { code: 7, fields: { number, server: text, connectionIds: texts } },
  /** These. */
  found: { code: 8, fields: { number, server: text, connectionIds: texts } },
  /** The server is there; `asks` whether others are. */
  here: { code: 9, fields: { server: text, asks: flag } },
  /** The server goes. */
  gone: { code: 10, fields: { server: text } },
} as const;

type Layouts = typeof layouts;

/** A message of one kind. */
export type BusMessageOf<Kind extends keyof Layouts> = EnvelopeMessageOf<Layouts, Kind>;

/** What one server says to others. */
export type BusMessage = EnvelopeMessage<Layouts>;

const envelope = new Envelope(ENVELOPE_VERSION, layouts);

export function writeBusMessage(message: BusMessage): Buffer {
  return envelope.write(message);
}

/** Undefined for bytes that are no message of this version. What is read as bytes are views of those given. */
export function readBusMessage(given: Buffer): BusMessage | undefined {
  return envelope.read(given);
}
