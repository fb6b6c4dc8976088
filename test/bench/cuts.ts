/** Something that takes bytes as reads bring them, `from` to `to` of a buffer. */
export type Read = (buffer: Buffer, from: number, to: number) => void;

/** What a read leaves behind in a buffer that all sockets share: separators of every kind. */
const STALE = Buffer.from('\x1e\r\n\r\n\x00\x1e\n');

/** Hands over bytes in pieces, each in the middle of a buffer that is full of something else and is overwritten afterwards. */
export function feed(read: Read, pieces: readonly Buffer[]): void {
  for (const piece of pieces) {
    const buffer = Buffer.concat([STALE, piece, STALE]);
    read(buffer, STALE.length, STALE.length + piece.length);
    buffer.fill(0xff);
  }
}

/** Every way to cut bytes once, and all bytes one by one. */
export function cutsOf(bytes: Buffer): readonly (readonly Buffer[])[] {
  const once = Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [...once, Array.from(bytes, (byte) => Buffer.from([byte]))];
}
