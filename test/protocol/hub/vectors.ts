import { ExtData, HubProtocolError, JsonHubProtocol, MessagePackHubProtocol } from 'signalbox/protocol';
import type { HandshakeRequest, HubMessage, HubProtocol, ReceivedMessage } from 'signalbox/protocol';
import { readVectors } from '../../vector-file.ts';

interface ErrorWords {
  readonly name: string;
  readonly message: string;
}

interface Vector {
  readonly name: string;
  readonly source: string;
  readonly text?: string;
  readonly hex?: string;
  readonly error?: ErrorWords;
}

export interface HandshakeVector extends Vector {
  readonly request?: HandshakeRequest;
}

export interface MessageVector extends Vector {
  readonly messages?: readonly unknown[];
  readonly pieces?: readonly string[];
  readonly write?: false;
  readonly limit?: number;
  readonly int64?: 'bigint';
}

export interface Vectors {
  readonly handshake: readonly HandshakeVector[];
  readonly json: readonly MessageVector[];
  readonly messagepack: readonly MessageVector[];
}

export function loadVectors(): Vectors {
  return readVectors('hub-protocol.json') as Vectors;
}

export function bytesOf({ text, hex }: Vector): Buffer {
  return hex === undefined ? Buffer.from(text ?? '') : Buffer.from(hex, 'hex');
}

/** How the bytes of a vector were cut on their way. */
export function piecesOf({ pieces = [], hex }: MessageVector): Buffer[] {
  return pieces.map((piece) => Buffer.from(piece, hex === undefined ? 'utf8' : 'hex'));
}

/** The messages of a vector, with the values that JSON lacks. */
export function messagesOf(vector: MessageVector): ReceivedMessage[] {
  return (vector.messages ?? []).map((message) => revive(message) as ReceivedMessage);
}

export function protocolOf(kind: 'json' | 'messagepack', vector: MessageVector): HubProtocol {
  return kind === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol({ int64: vector.int64 ?? 'number' });
}

export function writeAll(protocol: HubProtocol, messages: readonly ReceivedMessage[]): Buffer {
  return Buffer.concat(messages.map((message) => Buffer.from(protocol.write(message as HubMessage) as Uint8Array)));
}

function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(revive);
  const { $bytes, $date, $bigint, $ext } = value as Record<string, unknown>;
  if (typeof $bytes === 'string') return new Uint8Array(Buffer.from($bytes, 'hex'));
  if (typeof $date === 'string') return new Date($date);
  if (typeof $bigint === 'string') return BigInt($bigint);
  if (Array.isArray($ext)) return new ExtData(Number($ext[0]), new Uint8Array(Buffer.from(String($ext[1]), 'hex')));
  // JSON.parse made own properties, names like __proto__ included; assigning would not.
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revive(item)]));
}

/** What a connection makes of bytes that arrive in chunks. */
export interface Reading {
  readonly messages: readonly ReceivedMessage[];
  readonly error: ErrorWords | undefined;
  /** Bytes that wait for more. */
  readonly waiting: number;
  /** The sum of the lengths that came with the messages. */
  readonly length: number;
}

/** Reads chunks as a connection does: what `parse` leaves is put in front of the next chunk. */
export function readChunks(protocol: HubProtocol, chunks: Iterable<Buffer>, limit = 0): Reading {
  const messages: ReceivedMessage[] = [];
  let waiting: Buffer = Buffer.alloc(0);
  let length = 0;
  try {
    for (const chunk of chunks) {
      const bytes = Buffer.concat([waiting, chunk]);
      const end = protocol.parse(bytes, 0, limit, (message, byteLength) => {
        messages.push(message);
        length += byteLength;
        return true;
      });
      waiting = bytes.subarray(end);
    }
  } catch (error) {
    if (!(error instanceof HubProtocolError)) throw error;
    return { messages, error: { name: error.name, message: error.message }, waiting: waiting.length, length };
  }
  return { messages, error: undefined, waiting: waiting.length, length };
}
