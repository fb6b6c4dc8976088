import { createHash } from 'node:crypto';
import { readDayRecord, type DayRecord } from './day-record.ts';

/** Of the shape of these files. */
const FORMAT = 1;
const HEAD = /^\{"sha256":"([0-9a-f]{64})",/;
/** A day, and an id of the file: records have theirs inside. */
const NAME = /^(\d{4}-\d\d-\d\d)\.[\w-]{1,64}\.json$/;

/** The name of a file with records of a day. `id` is 1 to 64 letters, digits, - and _. */
export const recordFileName = (day: string, id: string): string => `${day}.${id}.json`;

/** The day of a file with records; undefined for any other name. */
export const dayOfFile = (name: string): string | undefined => NAME.exec(name)?.[1];

/** A file with records: JSON that begins with a checksum of all that is behind it, so that no other text is taken for one. */
export function encodeRecords(records: readonly DayRecord[]): string {
  const rest = JSON.stringify({ format: FORMAT, records }).slice(1);
  return `{"sha256":"${checksum(rest)}",${rest}`;
}

/** @throws Error that says what is wrong */
export function decodeRecords(text: string): readonly DayRecord[] {
  const [head, expected] = HEAD.exec(text) ?? ['', undefined];
  if (expected === undefined) throw new Error('it does not begin with its checksum');
  const rest = text.slice(head.length);
  if (checksum(rest) !== expected) throw new Error('its checksum is of another text');
  const { format, records } = JSON.parse(`{${rest}`) as { readonly format: unknown; readonly records: unknown };
  if (format !== FORMAT) throw new Error(`it has the format ${String(format)}, and ${FORMAT} is the one known here`);
  if (!Array.isArray(records)) throw new Error('it has no records');
  return records.map(readDayRecord);
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');
