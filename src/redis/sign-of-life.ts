import { MessagePackBuffer } from '../base/messagepack/buffer.ts';
import { MessagePackCursor } from '../base/messagepack/cursor.ts';

/** What a Node server says of itself to the others. */
export interface SignOfLife {
  /** `here`: it is there; `gone`: it closes, and what waited in its outbox is sent, or told to be lost. */
  readonly kind: 'here' | 'gone';
  /** Its name. */
  readonly server: string;
}

/**
 * A sign of life is a MessagePack array of the version, the code of the kind and the server's name. A reader passes over items behind those, so that some can be
 * added; any other change makes a new version.
 */
export const SIGN_VERSION = 1;

const codes = { here: 1, gone: 2 } as const;
/** Longer than the name of any host, with what is put behind it. */
const LONGEST_NAME = 512;

const buffer = new MessagePackBuffer();
const cursor = new MessagePackCursor();

export function writeSignOfLife({ kind, server }: SignOfLife): Buffer {
  buffer.begin();
  buffer.writeArrayLength(3);
  buffer.writeNumber(SIGN_VERSION);
  buffer.writeNumber(codes[kind]);
  buffer.writeString(server);
  return buffer.endWithoutLength();
}

/** Undefined for bytes that are no sign of life of this version. */
export function readSignOfLife(bytes: Buffer): SignOfLife | undefined {
  cursor.open(bytes, 0, bytes.length);
  try {
    if (cursor.readArrayLength() < 3 || cursor.readInteger() !== SIGN_VERSION) return undefined;
    const code = cursor.readInteger();
    const kind = code === codes.here ? 'here' : code === codes.gone ? 'gone' : undefined;
    const server = cursor.readString();
    return kind === undefined || !server || server.length > LONGEST_NAME ? undefined : { kind, server };
  } finally {
    cursor.close();
  }
}
