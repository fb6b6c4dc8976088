/** A place in a stream. */
export interface StreamPosition {
  /** Which stream of that name: one that expired or was lost begins again under another. */
  readonly epoch: number;
  /** Counts the stream's messages from 1 on. */
  readonly offset: number;
}

export interface MissedMessage {
  readonly offset: number;
  readonly channel: string;
  readonly payload: Buffer;
  /** Milliseconds since Redis took it. */
  readonly age: number;
}

/** What a stream has kept. */
export interface MissedMessages {
  readonly epoch: number;
  /** The offset of its last message, kept or not. */
  readonly last: number;
  /** Those behind what is known, or all of an epoch that is not; oldest first. */
  readonly messages: readonly MissedMessage[];
}

/** Takes the answer of the script that reads a stream. Undefined where there is none, or where the answer is nobody's. */
export function readMissed(reply: unknown): MissedMessages | undefined {
  if (!Array.isArray(reply) || reply.length < 4) return undefined;
  const [epoch, last, now, entries] = reply as readonly unknown[];
  if (!Array.isArray(entries)) return undefined;
  const messages = (entries as readonly unknown[]).map((entry) => readEntry(entry, Number(now)));
  const known = messages.filter((message) => message !== undefined);
  return { epoch: Number(epoch), last: Number(last), messages: known };
}

function readEntry(entry: unknown, now: number): MissedMessage | undefined {
  if (!Array.isArray(entry) || !Array.isArray(entry[1])) return undefined;
  const [, channel, , time, , payload] = entry[1] as readonly unknown[];
  if (!Buffer.isBuffer(payload)) return undefined;
  return { offset: Number.parseInt(String(entry[0]), 10), channel: String(channel), payload, age: Math.max(now - Number(time), 0) };
}
