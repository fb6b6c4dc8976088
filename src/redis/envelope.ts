import { formsOf } from '../backplane/forms.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessagePackBuffer } from '../base/messagepack/buffer.ts';
import { MessagePackCursor } from '../base/messagepack/cursor.ts';
import type { StreamPosition } from './missed-messages.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';

/**
 * What servers of a farm say to each other: MessagePack arrays, as ASP.NET Core 10.0.12 writes and reads them. Items behind those that are
 * known are not looked at, by .NET either: that is where Node servers put what only they need.
 */

/** How an answer finds its way back. */
export interface ReturnPath {
  readonly invocationId: string;
  /** The channel to publish the answer to, without prefix. */
  readonly address: string;
}

/** Where a message comes from: by that, one that comes again is known. */
export interface SendMark {
  /** Who sent it. */
  readonly origin: string;
  /** Its number among the origin's, which only grows. */
  readonly sequence: number;
  /** Whether it is one of several: a send to several groups is a message to each of them, and who is in two of them hears it once. */
  readonly several: boolean;
}

/** A mark as it was read. */
export interface ReadMark extends SendMark {
  /** Milliseconds that the message had waited when it was published; 0 for one that did not wait. */
  readonly age: number;
}

/** A hub message on its way to clients. */
export interface Invocation {
  readonly excluded: readonly string[];
  /** The framed message by hub protocol, as views of what was read. */
  readonly forms: ReadonlyMap<string, Buffer>;
  readonly returnPath: ReturnPath | undefined;
  readonly mark: ReadMark | undefined;
  /** Where it is kept; undefined for one that is not. */
  readonly position: StreamPosition | undefined;
}

export const GroupAction = { add: 1, remove: 2 } as const;

/** Asks whoever has the connection to put it into a group, or take it out. */
export interface GroupCommand {
  /** Counts with the server that asks; 32 bits. */
  readonly id: number;
  readonly server: string;
  /** One of `GroupAction`; any other number changes nothing. */
  readonly action: number;
  readonly group: string;
  readonly connectionId: string;
}

/** A group command as it was read. */
export interface ReadGroupCommand extends GroupCommand, Pick<Invocation, 'mark' | 'position'> {}

/** What a client answered, in the protocol that it speaks. */
export interface Answer {
  readonly protocol: string;
  readonly record: Buffer;
}

const NOBODY: readonly string[] = [];
const LARGEST_ID = 0x7fff_ffff;
/** The last bytes of a marked message: its sequence, its age and whether it is one of several. Their place is fixed, so that they can be changed. */
const STAMP = { bytes: 11, sequence: 6, age: 4 };
const LONGEST_AGE = 0xffff_ffff;
const stamp = Buffer.alloc(STAMP.bytes);
const buffer = new MessagePackBuffer();
const cursor = new MessagePackCursor();

/**
 * A message for clients, in each of `protocols`.
 *
 * @throws TypeError when a value can't be represented in one of them
 */
export function writeInvocation(
  message: OutboundMessage,
  protocols: readonly HubProtocol[],
  excluded: readonly string[] = NOBODY,
  returnPath?: ReturnPath,
  mark?: SendMark,
): Buffer {
  return writeForms(formsOf(message, protocols), excluded, returnPath, mark);
}

/** A message that has been written in each protocol already, by the protocol's name. */
export function writeForms(
  forms: ReadonlyMap<string, Uint8Array>,
  excluded: readonly string[],
  returnPath?: ReturnPath,
  mark?: SendMark,
): Buffer {
  buffer.begin();
  buffer.writeArrayLength(arrayLength(returnPath, mark));
  buffer.writeStrings(excluded);
  buffer.writeBinaryMap(forms);
  if (returnPath !== undefined) {
    buffer.writeString(returnPath.invocationId);
    buffer.writeString(returnPath.address);
  } else if (mark !== undefined) {
    buffer.writeNil();
    buffer.writeNil();
  }
  if (mark !== undefined) writeMark(mark);
  return buffer.endWithoutLength();
}

function writeMark({ origin, sequence, several }: SendMark): void {
  buffer.writeString(origin);
  stamp.writeUIntBE(sequence, 0, STAMP.sequence);
  stamp.writeUInt32BE(0, STAMP.sequence);
  stamp[STAMP.bytes - 1] = Number(several);
  buffer.writeBinary(stamp);
}

/** Says in a marked message that it has waited. */
export function writeAge(payload: Buffer, age: number): void {
  payload.writeUInt32BE(Math.min(Math.round(age), LONGEST_AGE), payload.length - STAMP.bytes + STAMP.sequence);
}

/** A copy of a marked message under another number. */
export function renumbered(payload: Buffer, sequence: number): Buffer {
  const copy = Buffer.from(payload);
  copy.writeUIntBE(sequence, copy.length - STAMP.bytes, STAMP.sequence);
  return copy;
}

function arrayLength(returnPath: ReturnPath | undefined, mark: SendMark | undefined): number {
  if (mark !== undefined) return 6;
  return returnPath === undefined ? 2 : 4;
}

/** Undefined for bytes that are no invocation. */
export function readInvocation(bytes: Buffer): Invocation | undefined {
  return reading(bytes, () => {
    const items = cursor.readArrayLength();
    const excluded = items < 2 ? undefined : cursor.readStrings();
    const forms = excluded && cursor.viewBinaryMap();
    if (excluded === undefined || forms === undefined) return undefined;
    // The reference server looks at the third and fourth item only where there is a fourth.
    if (items < 4) return { excluded, forms, returnPath: undefined, mark: undefined, position: undefined };
    const invocationId = cursor.readString();
    const address = cursor.readString();
    if (invocationId === undefined || address === undefined) return undefined;
    const returnPath = invocationId && address ? { invocationId, address } : undefined;
    const mark = items < 6 ? undefined : readMark();
    return { excluded, forms, returnPath, mark, position: items < 8 ? undefined : readPosition() };
  });
}

/** Items of somebody else's, which mean nothing here, are no mark. */
function readMark(): ReadMark | undefined {
  const origin = cursor.readString();
  const read = origin ? cursor.viewBinary() : undefined;
  if (!origin || read?.length !== STAMP.bytes) return undefined;
  return {
    origin,
    sequence: read.readUIntBE(0, STAMP.sequence),
    age: read.readUInt32BE(STAMP.sequence),
    several: read[STAMP.bytes - 1] === 1,
  };
}

/** Where Redis has put a message: it says so behind the mark, which stays as it was. */
function readPosition(): StreamPosition | undefined {
  const epoch = cursor.readInteger();
  const offset = epoch === undefined ? undefined : cursor.readInteger();
  return epoch === undefined || offset === undefined ? undefined : { epoch, offset };
}

export function writeGroupCommand({ id, server, action, group, connectionId }: GroupCommand, mark?: SendMark): Buffer {
  buffer.begin();
  buffer.writeArrayLength(mark === undefined ? 5 : 7);
  buffer.writeNumber(id);
  buffer.writeString(server);
  buffer.writeNumber(action);
  buffer.writeString(group);
  buffer.writeString(connectionId);
  if (mark !== undefined) writeMark(mark);
  return buffer.endWithoutLength();
}

/** Undefined for bytes that are no group command. */
export function readGroupCommand(bytes: Buffer): ReadGroupCommand | undefined {
  return reading(bytes, () => {
    const items = cursor.readArrayLength();
    if (items < 5) return undefined;
    const id = readId();
    const server = cursor.readString();
    const action = cursor.readInteger();
    const group = cursor.readString();
    const connectionId = cursor.readString();
    if (id === undefined || action === undefined || !isText(server) || !isText(group) || !isText(connectionId)) return undefined;
    const mark = items < 7 ? undefined : readMark();
    return { id, server, action, group, connectionId, mark, position: items < 9 ? undefined : readPosition() };
  });
}

export function writeAck(id: number): Buffer {
  buffer.begin();
  buffer.writeArrayLength(1);
  buffer.writeNumber(id);
  return buffer.endWithoutLength();
}

/** The id of the command that was carried out; undefined for bytes that are no ack. */
export function readAck(bytes: Buffer): number | undefined {
  return reading(bytes, () => (cursor.readArrayLength() < 1 ? undefined : readId()));
}

export function writeAnswer({ protocol, record }: Answer): Buffer {
  buffer.begin();
  buffer.writeArrayLength(2);
  buffer.writeString(protocol);
  buffer.writeBinary(record);
  return buffer.endWithoutLength();
}

/** Undefined for bytes that are no answer. */
export function readAnswer(bytes: Buffer): Answer | undefined {
  return reading(bytes, () => {
    const protocol = cursor.readArrayLength() < 2 ? undefined : cursor.readString();
    const record = isText(protocol) ? cursor.viewBinary() : undefined;
    return isText(protocol) && record !== undefined ? { protocol, record } : undefined;
  });
}

function reading<T>(bytes: Buffer, read: () => T | undefined): T | undefined {
  cursor.open(bytes, 0, bytes.length);
  try {
    return read();
  } finally {
    cursor.close();
  }
}

function readId(): number | undefined {
  const id = cursor.readInteger();
  return id !== undefined && id <= LARGEST_ID && id >= -LARGEST_ID - 1 ? id : undefined;
}

const isText = (value: string | null | undefined): value is string => typeof value === 'string';
