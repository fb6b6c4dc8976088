import { DataType } from '../protocol/service/codes.ts';

type DataType = (typeof DataType)[keyof typeof DataType];

const TEXT_PREFIX = '{"type":';
/** Where the number of a message's type stands in JSON, as it is written here: one digit. */
const TYPE_AT = TEXT_PREFIX.length;
const MORE = 0x80;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;
const LAST_INVOCATION = 5;
const CLOSE = 7;

/**
 * What a framed hub message is, told by its first bytes, so that the service need not look into it. `other` for one of a protocol
 * that is neither JSON nor MessagePack.
 */
export function dataTypeOf(bytes: Uint8Array, format: 'text' | 'binary'): DataType {
  const type = format === 'text' ? jsonType(bytes) : messagePackType(bytes);
  if (type === CLOSE) return DataType.close;
  return type >= 1 && type <= LAST_INVOCATION ? DataType.invocation : DataType.other;
}

function jsonType(bytes: Uint8Array): number {
  for (let at = 0; at < TYPE_AT; at++) if (bytes[at] !== TEXT_PREFIX.charCodeAt(at)) return 0;
  return (bytes[TYPE_AT] ?? 0) - 0x30;
}

function messagePackType(bytes: Uint8Array): number {
  let at = 0;
  while (((bytes[at] ?? 0) & MORE) !== 0) at++;
  const array = bytes[at + 1];
  if (array === ARRAY_16) at += 2;
  else if (array === ARRAY_32) at += 4;
  return bytes[at + 2] ?? 0;
}
