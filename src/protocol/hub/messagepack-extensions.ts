import { ExtData, decodeTimestampToTimeSpec, encodeTimeSpecToTimestamp, encodeTimestampExtension } from '@msgpack/msgpack';
import type { ExtensionCodecType } from '@msgpack/msgpack';

const TIMESTAMP = -1;

/** Thrown where a value to be written holds a bigint, which the codec writes only when told to. */
export const HOLDS_BIGINT: Error = new Error('The value holds a bigint.');

const NANOSECONDS_A_MILLISECOND = 1_000_000;

/**
 * A date that came with more than milliseconds, as the 100 ns ticks of .NET do. Sent on as it is, it goes out as it came in; to
 * everyone else, and once it is changed, it is a date like any other.
 */
class ExactDate extends Date {
  readonly #seconds: number;
  readonly #nanoseconds: number;
  readonly #milliseconds: number;

  constructor(seconds: number, nanoseconds: number) {
    super(seconds * 1_000 + Math.floor(nanoseconds / NANOSECONDS_A_MILLISECOND));
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
    this.#milliseconds = this.getTime();
  }

  /** What came in; undefined where the date has been changed since. */
  static timestampOf(date: Date): Uint8Array | undefined {
    if (!(#nanoseconds in date) || date.getTime() !== date.#milliseconds) return undefined;
    return encodeTimeSpecToTimestamp({ sec: date.#seconds, nsec: date.#nanoseconds });
  }
}

/** Dates are timestamps; extensions of other types stay as they are. */
export const extensions: ExtensionCodecType<undefined> = {
  tryToEncode(value) {
    if (typeof value === 'bigint') throw HOLDS_BIGINT;
    if (value instanceof ExtData) return value;
    if (!(value instanceof Date)) return null;
    if (Number.isNaN(value.getTime())) throw new RangeError('Invalid date');
    const data = ExactDate.timestampOf(value) ?? encodeTimestampExtension(value);
    return data === null ? null : new ExtData(TIMESTAMP, data);
  },

  decode(data, type) {
    if (type !== TIMESTAMP) return new ExtData(type, data);
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    const date =
      nsec % NANOSECONDS_A_MILLISECOND === 0 ? new Date(sec * 1_000 + nsec / NANOSECONDS_A_MILLISECOND) : new ExactDate(sec, nsec);
    if (Number.isNaN(date.getTime())) throw new RangeError('A timestamp is out of the range of dates');
    return date;
  },
};
