import { ExtData, decodeTimestampExtension, encodeTimestampExtension } from '@msgpack/msgpack';
import type { ExtensionCodecType } from '@msgpack/msgpack';

const TIMESTAMP = -1;

/** Thrown where a value to be written holds a bigint, which the codec writes only when told to. */
export const HOLDS_BIGINT: Error = new Error('The value holds a bigint.');

/** Dates are timestamps; extensions of other types stay as they are. */
export const extensions: ExtensionCodecType<undefined> = {
  tryToEncode(value) {
    if (typeof value === 'bigint') throw HOLDS_BIGINT;
    if (value instanceof ExtData) return value;
    if (!(value instanceof Date)) return null;
    if (Number.isNaN(value.getTime())) throw new RangeError('Invalid date');
    const data = encodeTimestampExtension(value);
    return data === null ? null : new ExtData(TIMESTAMP, data);
  },

  decode(data, type) {
    if (type !== TIMESTAMP) return new ExtData(type, data);
    const date = decodeTimestampExtension(data);
    if (Number.isNaN(date.getTime())) throw new RangeError('A timestamp is out of the range of dates');
    return date;
  },
};
