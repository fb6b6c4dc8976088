import type { MessagePackBuffer } from '../../base/messagepack/buffer.ts';
import { ResultKind } from './messagepack-result-kind.ts';
import type { MessagePackValues } from './messagepack-values.ts';
import { MessageType } from './message.ts';
import type { CompletionMessage, Headers, HubMessage, InvocationMessage, StreamInvocationMessage } from './message.ts';

/**
 * Writes one message, with as many items as the reference server: some clients insist on the number.
 *
 * @throws TypeError when a value can't be represented in MessagePack
 */
export function writeMessagePackMessage(message: HubMessage, buffer: MessagePackBuffer, values: MessagePackValues): void {
  switch (message.type) {
    case MessageType.invocation:
    case MessageType.streamInvocation:
      return writeInvocation(message, buffer, values);
    case MessageType.streamItem:
      writeStart(4, message, buffer);
      return values.write(message.item, buffer);
    case MessageType.completion:
      return writeCompletion(message, buffer, values);
    case MessageType.cancelInvocation:
      return writeStart(3, message, buffer);
    case MessageType.ping:
      return writeType(1, message.type, buffer);
    case MessageType.close:
      writeType(3, message.type, buffer);
      if (message.error === undefined) buffer.writeNil();
      else buffer.writeString(message.error);
      return buffer.writeBoolean(message.allowReconnect === true);
    case MessageType.ack:
    case MessageType.sequence:
      writeType(2, message.type, buffer);
      return buffer.writeInteger(message.sequenceId);
  }
}

function writeInvocation(message: InvocationMessage | StreamInvocationMessage, buffer: MessagePackBuffer, values: MessagePackValues): void {
  writeStart(6, message, buffer);
  buffer.writeString(message.target);
  buffer.writeArrayLength(message.arguments.length);
  for (const value of message.arguments) values.write(value, buffer);
  buffer.writeStrings(message.streamIds ?? []);
}

function writeCompletion(message: CompletionMessage, buffer: MessagePackBuffer, values: MessagePackValues): void {
  if (message.error !== undefined) {
    writeStart(5, message, buffer);
    buffer.writeNumber(ResultKind.error);
    buffer.writeString(message.error);
  } else if (message.hasResult) {
    writeStart(5, message, buffer);
    buffer.writeNumber(ResultKind.result);
    values.write(message.result, buffer);
  } else {
    writeStart(4, message, buffer);
    buffer.writeNumber(ResultKind.none);
  }
}

interface InvocationRelated {
  readonly type: number;
  readonly headers?: Headers | undefined;
  readonly invocationId?: string | undefined;
}

function writeStart(items: number, { type, headers, invocationId }: InvocationRelated, buffer: MessagePackBuffer): void {
  writeType(items, type, buffer);
  if (headers === undefined) buffer.writeMapLength(0);
  else writeHeaders(headers, buffer);
  if (invocationId === undefined || invocationId === '') buffer.writeNil();
  else buffer.writeString(invocationId);
}

function writeType(items: number, type: number, buffer: MessagePackBuffer): void {
  buffer.writeArrayLength(items);
  buffer.writeNumber(type);
}

function writeHeaders(headers: Headers, buffer: MessagePackBuffer): void {
  const entries = Object.entries(headers);
  buffer.writeMapLength(entries.length);
  for (const [name, text] of entries) {
    buffer.writeString(name);
    buffer.writeString(text);
  }
}
