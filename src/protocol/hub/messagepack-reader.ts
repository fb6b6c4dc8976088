import { failedCall, failedItem, failedResult } from './binding-failures.ts';
import { HubProtocolError } from './hub-protocol.ts';
import { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import { ARRAY_16, ARRAY_32, FIXARRAY, FIXSTR, formatName } from '../../base/messagepack/formats.ts';
import { ResultKind } from './messagepack-result-kind.ts';
import type { MessagePackValues } from './messagepack-values.ts';
import { MessageType } from './message.ts';
import type { CloseMessage, CompletionMessage, Headers, ReceivedMessage } from './message.ts';

/**
 * Reads messages. A broken envelope is an error; a call whose arguments are broken, an item or a result that is: that call
 * or stream fails. Items behind those that are known are not looked at.
 */
export class MessagePackReader {
  readonly #values: MessagePackValues;
  // Reading calls no code from outside, so nothing can use the cursor meanwhile.
  readonly #cursor = new MessagePackCursor();

  constructor(values: MessagePackValues) {
    this.#values = values;
  }

  /**
   * Reads the message between two offsets.
   *
   * @returns undefined for a message of an unknown type
   * @throws HubProtocolError when it is no message
   */
  read(bytes: Buffer, start: number, end: number): ReceivedMessage | undefined {
    const cursor = this.#cursor;
    cursor.open(bytes, start, end);
    try {
      return this.#readMessage(cursor);
    } finally {
      cursor.close();
    }
  }

  #readMessage(cursor: MessagePackCursor): ReceivedMessage | undefined {
    const items = readItemCount(cursor);
    const type = readInt32(cursor, 'messageType');
    switch (type) {
      case MessageType.invocation:
        return this.#readInvocation(cursor, items);
      case MessageType.streamInvocation:
        return this.#readStreamInvocation(cursor, items);
      case MessageType.streamItem:
        return this.#readStreamItem(cursor);
      case MessageType.completion:
        return this.#readCompletion(cursor);
      case MessageType.cancelInvocation:
        return { type, headers: readHeaders(cursor), invocationId: readId(cursor, 'CancelInvocation') };
      case MessageType.ping:
        return { type };
      case MessageType.close:
        return readClose(cursor, items);
      case MessageType.ack:
      case MessageType.sequence:
        return { type, sequenceId: readSequenceId(cursor) };
      default:
        return undefined;
    }
  }

  #readInvocation(cursor: MessagePackCursor, items: number): ReceivedMessage {
    const headers = readHeaders(cursor);
    const invocationId = readString(cursor, 'invocationId') || undefined;
    const target = readTarget(cursor, 'Invocation');
    const values = this.#readArguments(cursor);
    if (!Array.isArray(values)) return failedCall(false, invocationId, target, values?.reason);
    const streamIds = items > 5 ? readStreamIds(cursor) : undefined;
    return { type: MessageType.invocation, headers, invocationId, target, arguments: values, streamIds };
  }

  #readStreamInvocation(cursor: MessagePackCursor, items: number): ReceivedMessage {
    const headers = readHeaders(cursor);
    const invocationId = readId(cursor, 'StreamInvocation');
    const target = readTarget(cursor, 'StreamInvocation');
    const values = this.#readArguments(cursor);
    if (!Array.isArray(values)) return failedCall(true, invocationId, target, values?.reason);
    const streamIds = items > 5 ? readStreamIds(cursor) : undefined;
    return { type: MessageType.streamInvocation, headers, invocationId, target, arguments: values, streamIds };
  }

  /** The arguments; or where they can't be read, why, if there is more to say. */
  #readArguments(cursor: MessagePackCursor): unknown[] | { readonly reason: string } | undefined {
    const count = cursor.readArrayLength();
    if (count < 0) return { reason: "InvalidDataException: Reading array length for 'arguments' failed." };
    const values: unknown[] = [];
    try {
      for (let left = count; left > 0; left--) values.push(this.#values.read(cursor));
    } catch {
      return undefined;
    }
    return values;
  }

  #readStreamItem(cursor: MessagePackCursor): ReceivedMessage {
    const headers = readHeaders(cursor);
    const invocationId = readId(cursor, 'StreamItem');
    try {
      return { type: MessageType.streamItem, headers, invocationId, item: this.#values.read(cursor) };
    } catch {
      return failedItem(invocationId);
    }
  }

  #readCompletion(cursor: MessagePackCursor): CompletionMessage {
    const headers = readHeaders(cursor);
    const invocationId = readId(cursor, 'Completion');
    const type = MessageType.completion;
    switch (readInt32(cursor, 'resultKind')) {
      case ResultKind.error:
        return { type, headers, invocationId, error: readString(cursor, 'error') ?? undefined, hasResult: false };
      case ResultKind.none:
        return { type, headers, invocationId, hasResult: false };
      case ResultKind.result:
        return this.#readResult(cursor, headers, invocationId);
      default:
        throw new HubProtocolError('Invalid invocation result kind.');
    }
  }

  #readResult(cursor: MessagePackCursor, headers: Headers | undefined, invocationId: string): CompletionMessage {
    const type = MessageType.completion;
    try {
      return { type, headers, invocationId, hasResult: true, result: this.#values.read(cursor) };
    } catch {
      return failedResult(headers, invocationId);
    }
  }
}

function readItemCount(cursor: MessagePackCursor): number {
  const { head } = cursor;
  const items = cursor.readArrayLength();
  if (items >= 0) return items;
  const isArray = (head >= FIXARRAY && head < FIXSTR) || head === ARRAY_16 || head === ARRAY_32;
  if (head < 0 || isArray) throw endOfStream();
  throw unexpectedFormat(head);
}

function readHeaders(cursor: MessagePackCursor): Headers | undefined {
  const count = cursor.readMapLength();
  if (count < 0) throw new HubProtocolError("Reading map length for 'headers' failed.");
  if (count === 0) return undefined;
  // Without a prototype a name like __proto__ is a name like any other.
  const headers = Object.create(null) as Record<string, string>;
  for (let index = 0; index < count; index++) {
    const name = readString(cursor, `headers[${index}].Key`);
    if (!name) throw new HubProtocolError('Null or empty key in header.');
    const text = readString(cursor, `headers[${index}].Value`);
    if (!text) throw new HubProtocolError('Null or empty value in header.');
    headers[name] = text;
  }
  return headers;
}

function readStreamIds(cursor: MessagePackCursor): string[] | undefined {
  const count = cursor.readArrayLength();
  if (count < 0) throw new HubProtocolError("Reading array length for 'streamIds' failed.");
  if (count === 0) return undefined;
  const ids: string[] = [];
  for (let left = count; left > 0; left--) {
    const { head } = cursor;
    const id = cursor.readString();
    if (id === undefined) throw head < 0 ? endOfStream() : unexpectedFormat(head);
    if (!id) throw new HubProtocolError('Null or empty value in streamIds received.');
    ids.push(id);
  }
  return ids;
}

function readClose(cursor: MessagePackCursor, items: number): CloseMessage {
  const error = readString(cursor, 'error') ?? undefined;
  if (items < 3) return { type: MessageType.close, error };
  const allowReconnect = cursor.readBoolean();
  if (allowReconnect === undefined) throw new HubProtocolError("Reading 'allowReconnect' as Boolean failed.");
  return { type: MessageType.close, error, allowReconnect };
}

function readId(cursor: MessagePackCursor, message: string): string {
  const id = readString(cursor, 'invocationId');
  if (!id) throw new HubProtocolError(`Null or empty invocation ID for ${message} message.`);
  return id;
}

function readTarget(cursor: MessagePackCursor, message: string): string {
  const target = readString(cursor, 'target');
  if (!target) throw new HubProtocolError(`Null or empty target for ${message} message.`);
  return target;
}

function readString(cursor: MessagePackCursor, field: string): string | null {
  const text = cursor.readString();
  if (text === undefined) throw new HubProtocolError(`Reading '${field}' as String failed.`);
  return text;
}

function readInt32(cursor: MessagePackCursor, field: string): number {
  const value = cursor.readInteger();
  if (value === undefined || value < -0x80000000 || value > 0x7fffffff) throw new HubProtocolError(`Reading '${field}' as Int32 failed.`);
  return value;
}

function readSequenceId(cursor: MessagePackCursor): number {
  const value = cursor.readInteger();
  if (value === undefined || value >= 2 ** 63) throw new HubProtocolError("Reading 'sequenceId' as Int64 failed.");
  return value;
}

function endOfStream(): HubProtocolError {
  return new HubProtocolError('Attempted to read past the end of the stream.', 'EndOfStreamException');
}

function unexpectedFormat(head: number): HubProtocolError {
  return new HubProtocolError(`Unexpected msgpack code ${head} (${formatName(head)}) encountered.`, 'MessagePackSerializationException');
}
