import { MessageType } from '../protocol/hub/message.ts';
import { readJsonHead, readMessagePackHead } from '../protocol/hub/record-head.ts';

/** Bytes past which a message counts, and nobody looks for its type: pings, acks, sequence messages and most close messages are shorter. */
export const LONGEST_FREE = 64;

/** As nearly every writer begins, the official JavaScript client apart. */
const BEGINNING = [...Buffer.from('{"type":')];
const COMMA = 0x2c;
const CLOSING_BRACE = 0x7d;
const ZERO = 0x30;
const LEAST_ARRAY = 0x91;
const LAST_ARRAY = 0x9f;
const LAST_SMALL_INTEGER = 0x7f;

/** Whether messages of a type cost nothing: pings, acks and sequence messages. */
export const isFreeType = (type: number | undefined): boolean =>
  type === MessageType.ping || type === MessageType.ack || type === MessageType.sequence;

/** Byte by byte: to ask the buffer takes longer than all the rest. */
function beginsWell(bytes: Buffer, start: number): boolean {
  for (let at = 0; at < BEGINNING.length; at++) if (bytes[start + at] !== BEGINNING[at]) return false;
  return true;
}

/** The type of a message of JSON; undefined where it has none. `end` is the offset of its separator. */
export function textType(bytes: Buffer, start: number, end: number): number | undefined {
  const next = start + BEGINNING.length;
  const after = next + 1 < end ? bytes[next + 1] : undefined;
  if ((after === COMMA || after === CLOSING_BRACE) && beginsWell(bytes, start)) {
    const type = (bytes[next] as number) - ZERO;
    // What is free has to be so for whoever reads on, too.
    if (!isFreeType(type) || after === CLOSING_BRACE) return type;
  }
  return readJsonHead(bytes, start, end)?.type;
}

/** The same of MessagePack. `start` is behind its length. */
export function binaryType(bytes: Buffer, start: number, end: number): number | undefined {
  const [first = 0, type = 0] = [bytes[start], bytes[start + 1]];
  const isPlain = end - start > 1 && first >= LEAST_ARRAY && first <= LAST_ARRAY && type <= LAST_SMALL_INTEGER;
  return isPlain ? type : readMessagePackHead(bytes, start, end)?.type;
}
