import { SharedPayload } from '../base/payload.ts';
import { UNIT } from '../metering/units.ts';
import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import { LONGEST_FREE } from './free-messages.ts';
import { recordEnds, type RecordEnds } from './record-ends.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** What goes to clients, and what it is to the meter: looked into once, however many get it. */
export class MeteredPayload extends SharedPayload {
  /** Of the hub protocol that it is written in. */
  readonly framing: RecordFraming | undefined;
  /** Hub messages in it. */
  readonly messages: number;
  /** What they are billed as for each client. */
  readonly billed: number;
  /** The group that it is for, where it is for one. */
  readonly group: string | undefined;

  constructor(bytes: Buffer, framing: RecordFraming | undefined, group: string | undefined) {
    super(bytes);
    const measured = measure(bytes, framing);
    this.framing = framing;
    this.messages = measured.messages;
    this.billed = measured.billed;
    this.group = group;
  }
}

/** What bytes come to. */
interface Measured {
  messages: number;
  billed: number;
  /** Where they end inside a message: what finds the end of that. */
  open: RecordEnds | undefined;
}

// Looking calls no code from outside, so nothing can use these meanwhile.
const measured: Measured = { messages: 0, billed: 0, open: undefined };
const looking = { separator: recordEnds('separator'), length: recordEnds('length'), none: recordEnds(undefined) };

const ONE: Readonly<Measured> = Object.freeze({ messages: 1, billed: 1, open: undefined });

/** Counts the hub messages in bytes that begin with one. What it returns is good until the next call. */
export function measure(bytes: Buffer, framing: RecordFraming | undefined): Readonly<Measured> {
  // As nearly all are: one, too long to be free, and no longer than a unit.
  const { length } = bytes;
  if (length > LONGEST_FREE && length <= UNIT && framing === 'separator' && bytes.indexOf(RECORD_SEPARATOR) === length - 1) return ONE;
  const kind = framing ?? 'none';
  const ends = looking[kind];
  const { records, billed } = ends;
  ends.take(bytes);
  measured.messages = ends.records - records;
  measured.billed = ends.billed - billed;
  measured.open = ends.whole ? undefined : ends;
  if (!ends.whole || ends.lost) looking[kind] = recordEnds(framing);
  return measured;
}
