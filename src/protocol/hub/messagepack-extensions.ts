import { ExtData, decodeTimestampToTimeSpec, encodeTimeSpecToTimestamp, encodeTimestampExtension } from '@msgpack/msgpack';
import type { ExtensionCodecType } from '@msgpack/msgpack';

const TIMESTAMP = -1;
const MAX_TYPE = 127;

/** Thrown where a value to be written holds what the codec has no encoding for, or a wrong one. */
export const NEEDS_OWN_WRITER: Error = new Error('The value holds a bigint, a Map or a Set.');

const NANOSECONDS_A_MILLISECOND = 1_000_000;
const NANOSECONDS_A_SECOND = 1_000_000_000;

/** How values of one's own travel: as extensions of a type that both ends agree on. */
export interface MessagePackExtension {
  /** 0 to 127: the others belong to the MessagePack specification. */
  readonly type: number;
  /** The bytes of a value; undefined for a value that is not of this extension. Asked for every object that is written. */
  readonly write?: (value: object) => Uint8Array | undefined;
  /** The value of bytes, which are the reader's to keep. What it throws fails the call that brought them. */
  readonly read?: (data: Uint8Array) => unknown;
}

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

/**
 * Dates are timestamps; extensions that nobody reads stay as they are.
 *
 * @throws TypeError for what is no extension, or has the type of another
 */
export class Extensions implements ExtensionCodecType<undefined> {
  readonly #all: readonly MessagePackExtension[];
  readonly #byType = new Map<number, MessagePackExtension>();

  constructor(extensions: readonly MessagePackExtension[] = []) {
    for (const extension of extensions) {
      const { type } = extension;
      if (!Number.isInteger(type) || type < 0 || type > MAX_TYPE)
        throw new TypeError(`An extension has the type ${type}. Expected 0 to 127.`);
      if (this.#byType.has(type)) throw new TypeError(`Two extensions have the type ${type}.`);
      this.#byType.set(type, extension);
    }
    this.#all = [...extensions];
  }

  /** @throws NEEDS_OWN_WRITER */
  tryToEncode(value: unknown): ExtData | null {
    if (typeof value === 'bigint') throw NEEDS_OWN_WRITER;
    if (typeof value !== 'object' || value === null) return null;
    const extension = this.write(value);
    if (extension === null && (value instanceof Map || value instanceof Set)) throw NEEDS_OWN_WRITER;
    return extension;
  }

  /**
   * A value as an extension; null where it is none.
   *
   * @throws RangeError for a date that is not valid
   */
  write(value: object): ExtData | null {
    for (const extension of this.#all) {
      const data = extension.write?.(value);
      if (data !== undefined) return new ExtData(extension.type, data);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === Array.prototype) return null;
    if (value instanceof ExtData) return value;
    return value instanceof Date ? timestamp(value) : null;
  }

  decode(data: Uint8Array, type: number): unknown {
    if (type === TIMESTAMP) return dateOf(data);
    const read = this.#byType.get(type)?.read;
    return read === undefined ? new ExtData(type, data) : read(data);
  }
}

function timestamp(date: Date): ExtData | null {
  if (Number.isNaN(date.getTime())) throw new RangeError('Invalid date');
  const data = ExactDate.timestampOf(date) ?? encodeTimestampExtension(date);
  return data === null ? null : new ExtData(TIMESTAMP, data);
}

/** Nanoseconds that make seconds count as such, as in the reference server, though the specification has them below a second. */
function dateOf(data: Uint8Array): Date {
  const time = decodeTimestampToTimeSpec(data);
  const nsec = time.nsec % NANOSECONDS_A_SECOND;
  const sec = time.sec + Math.floor(time.nsec / NANOSECONDS_A_SECOND);
  const date = nsec % NANOSECONDS_A_MILLISECOND === 0 ? new Date(sec * 1_000 + nsec / NANOSECONDS_A_MILLISECOND) : new ExactDate(sec, nsec);
  if (Number.isNaN(date.getTime())) throw new RangeError('A timestamp is out of the range of dates');
  return date;
}
