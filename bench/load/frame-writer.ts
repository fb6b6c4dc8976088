import { randomBytes } from 'node:crypto';
import { Template, type NumberedMessage } from './template.ts';

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PONG = 10;

/**
 * One key for every frame of the process. Not zeros: servers have less to do for those than for a real client's frames.
 */
const key = nonZeroKey();

function nonZeroKey(): Buffer {
  return randomBytes(4).map((byte) => byte | 1) as Buffer;
}

/** Frames and masks a message as a client does, ready to be sent with any number. */
export function framed(message: NumberedMessage, opcode: number): Template {
  const header = headerOf(opcode, message.bytes.length);
  const bytes = Buffer.concat([header, message.bytes]);
  for (let i = header.length; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ (key[(i - header.length) & 3] ?? 0);
  return new Template(bytes, message, header.length, key);
}

/** A frame that is sent once. */
export function frame(payload: Buffer, opcode: number): Buffer {
  const template = framed({ bytes: payload, places: [] }, opcode);
  const bytes = Buffer.allocUnsafe(template.length);
  template.fill(bytes, 0, 0);
  return bytes;
}

function headerOf(opcode: number, length: number): Buffer {
  const start = 0x80 | opcode;
  if (length < 126) return Buffer.from([start, 0x80 | length, ...key]);
  if (length < 0x1_0000) return Buffer.from([start, 0x80 | 126, length >> 8, length & 0xff, ...key]);
  const header = Buffer.alloc(14);
  header.set([start, 0x80 | 127]);
  header.writeBigUInt64BE(BigInt(length), 2);
  key.copy(header, 10);
  return header;
}
