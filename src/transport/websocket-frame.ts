import type { Framing } from '../base/payload.ts';
import type { TransferFormat } from './connection.ts';

/** RFC 6455, section 5.2. What a server sends is not masked, so one frame serves every client. */
const FIN = 0x80;
const OPCODES: Readonly<Record<TransferFormat, number>> = { text: 0x01, binary: 0x02 };
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_LENGTH_16 = 0xff_ff;

const textFrame: Framing = (bytes) => frame(bytes, 'text');
const binaryFrame: Framing = (bytes) => frame(bytes, 'binary');

/** One unfragmented message of a format, as bytes. */
export const framings: Readonly<Record<TransferFormat, Framing>> = { text: textFrame, binary: binaryFrame };

/** The head of a frame around `length` bytes, one character a byte: it can go out in one string with a text that is ASCII. */
export function frameHead(length: number, format: TransferFormat): string {
  const first = FIN | OPCODES[format];
  if (length < LENGTH_16) return String.fromCharCode(first, length);
  if (length <= MAX_LENGTH_16) return String.fromCharCode(first, LENGTH_16, length >>> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head.writeUInt8(first, 0);
  head.writeUInt8(LENGTH_64, 1);
  head.writeUIntBE(length, 4, 6);
  return head.toString('latin1');
}

/** The same for each format. */
export const frameHeads: Readonly<Record<TransferFormat, (length: number) => string>> = {
  text: (length) => frameHead(length, 'text'),
  binary: (length) => frameHead(length, 'binary'),
};

/** One frame around UTF-8 of `length` bytes. */
export function frameText(text: string, length: number, format: TransferFormat): Buffer {
  const head = frameHead(length, format);
  const framed = Buffer.allocUnsafe(head.length + length);
  framed.write(head, 'latin1');
  framed.write(text, head.length);
  return framed;
}

function frame(bytes: Buffer, format: TransferFormat): Buffer {
  const head = frameHead(bytes.length, format);
  const framed = Buffer.allocUnsafe(head.length + bytes.length);
  framed.write(head, 'latin1');
  framed.set(bytes, head.length);
  return framed;
}
