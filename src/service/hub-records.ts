import type { RecordSpan } from '../base/messagepack/length-prefix.ts';
import { SharedPayload, type Payload } from '../base/payload.ts';
import { readBinaryRecord, readTextRecord } from '../protocol/hub/framing.ts';
import { MessageType } from '../protocol/hub/message.ts';
import { readJsonHead, readMessagePackHead, type RecordHead } from '../protocol/hub/record-head.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** Where a hub message lies, and what it is. */
export interface HubRecord {
  /** The offset behind it, its framing included. */
  end: number;
  /** Undefined where it is none that can be told: the one to fault it is who it is for. */
  head: RecordHead | undefined;
}

const span: RecordSpan = { start: 0, end: 0 };

/**
 * Finds the hub message that begins at `start`. False where there is no whole one.
 *
 * @param record - set where the answer is true
 * @throws HubProtocolError where its length is none
 */
export function readHubRecord(framing: RecordFraming, bytes: Buffer, start: number, record: HubRecord): boolean {
  if (framing === 'length') {
    if (!readBinaryRecord(bytes, start, 0, span)) return false;
    record.end = span.end;
    record.head = readMessagePackHead(bytes, span.start, span.end);
    return true;
  }
  const end = readTextRecord(bytes, start, 0);
  if (end < 0) return false;
  record.end = end + 1;
  record.head = readJsonHead(bytes, start, end);
  return true;
}

/** What a message of an app server to a client is to stateful reconnect. */
export type RecordPart = 'counted' | 'farewell' | 'other';

/** One hub message that an app server sends. */
export interface OutgoingRecord {
  readonly payload: Payload;
  readonly part: RecordPart;
}

/** What goes to many clients is looked into once. */
const known = new WeakMap<SharedPayload, readonly OutgoingRecord[]>();

/** The hub messages in what an app server sends, which nearly always is one. What is kept of them is not the app server's buffer. */
export function outgoingRecords(payload: Payload, framing: RecordFraming): readonly OutgoingRecord[] {
  if (!(payload instanceof SharedPayload)) return split(Buffer.from(payload), undefined, framing);
  let records = known.get(payload);
  if (records === undefined) {
    records = split(payload.bytes, payload, framing);
    known.set(payload, records);
  }
  return records;
}

function split(bytes: Buffer, whole: SharedPayload | undefined, framing: RecordFraming): readonly OutgoingRecord[] {
  const records: OutgoingRecord[] = [];
  const record: HubRecord = { end: 0, head: undefined };
  let start = 0;
  while (start < bytes.length && readHubRecord(framing, bytes, start, record)) {
    const { end, head } = record;
    records.push({ payload: start === 0 && end === bytes.length ? (whole ?? bytes) : bytes.subarray(start, end), part: partOf(head) });
    start = end;
  }
  // What is no message breaks the client's protocol, as it would without anybody counting.
  if (start < bytes.length) records.push({ payload: bytes.subarray(start), part: 'other' });
  return records;
}

function partOf(head: RecordHead | undefined): RecordPart {
  if (head === undefined) return 'other';
  if (head.type === MessageType.close) return 'farewell';
  return head.type >= MessageType.invocation && head.type <= MessageType.cancelInvocation ? 'counted' : 'other';
}
