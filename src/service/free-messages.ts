import { MessageType } from '../protocol/hub/message.ts';
import { readJsonHead, readMessagePackHead } from '../protocol/hub/record-head.ts';

/** Bytes past which a message counts, whatever it says of itself: pings, acks and sequence messages are all shorter. */
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

/** Whether a message of JSON is one that costs nothing: a ping, an ack or a sequence message. `end` is the offset of its separator. */
export function isFreeText(bytes: Buffer, start: number, end: number): boolean {
  const next = start + BEGINNING.length;
  const after = next + 1 < end ? bytes[next + 1] : undefined;
  if ((after === COMMA || after === CLOSING_BRACE) && beginsWell(bytes, start)) {
    const isFree = isFreeType((bytes[next] as number) - ZERO);
    if (!isFree || after === CLOSING_BRACE) return isFree;
  }
  return isFreeType(readJsonHead(bytes, start, end)?.type);
}

/** The same of MessagePack. `start` is behind its length. */
export function isFreeBinary(bytes: Buffer, start: number, end: number): boolean {
  const [first = 0, type = 0] = [bytes[start], bytes[start + 1]];
  const isPlain = end - start > 1 && first >= LEAST_ARRAY && first <= LAST_ARRAY && type <= LAST_SMALL_INTEGER;
  return isFreeType(isPlain ? type : readMessagePackHead(bytes, start, end)?.type);
}
