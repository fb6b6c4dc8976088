/** Formats that are ranges of the head byte: the first byte of each, and the bits of it that say a length or a value. */
export const FIXMAP = 0x80;
export const FIXARRAY = 0x90;
export const FIXSTR = 0xa0;
export const NEGATIVE_FIXINT = 0xe0;

/** Formats of one head byte each. */
export const NIL = 0xc0;
export const FALSE = 0xc2;
export const TRUE = 0xc3;
export const BIN_8 = 0xc4;
export const BIN_32 = 0xc6;
export const EXT_8 = 0xc7;
export const EXT_32 = 0xc9;
export const FLOAT_32 = 0xca;
export const FLOAT_64 = 0xcb;
export const UINT_8 = 0xcc;
export const UINT_16 = 0xcd;
export const UINT_32 = 0xce;
export const UINT_64 = 0xcf;
export const INT_8 = 0xd0;
export const INT_16 = 0xd1;
export const INT_32 = 0xd2;
export const INT_64 = 0xd3;
export const FIXEXT_1 = 0xd4;
export const FIXEXT_16 = 0xd8;
export const STR_8 = 0xd9;
export const STR_16 = 0xda;
export const STR_32 = 0xdb;
export const ARRAY_16 = 0xdc;
export const ARRAY_32 = 0xdd;
export const MAP_16 = 0xde;
export const MAP_32 = 0xdf;

/** What follows a head byte from C0 to DF. */
export interface Format {
  /** As the reference server's MessagePack library names it in errors. */
  readonly name: string;
  /** Bytes of the length behind the head byte. */
  readonly lengthSize: number;
  /** Bytes behind that, whatever the length. */
  readonly fixedSize: number;
  /** Values for each one of the length; 0 where the length counts bytes. */
  readonly valuesEach: number;
}

const format = (name: string, lengthSize: number, fixedSize: number, valuesEach = 0): Format => ({
  name,
  lengthSize,
  fixedSize,
  valuesEach,
});

/** The formats from C0 to DF, in order. The extensions' fixed bytes begin with their type. */
export const FORMATS: readonly Format[] = [
  format('nil', 0, 0),
  format('(never used)', 0, 0),
  format('false', 0, 0),
  format('true', 0, 0),
  format('bin 8', 1, 0),
  format('bin 16', 2, 0),
  format('bin 32', 4, 0),
  format('ext 8', 1, 1),
  format('ext 16', 2, 1),
  format('ext 32', 4, 1),
  format('float 32', 0, 4),
  format('float 64', 0, 8),
  format('uint 8', 0, 1),
  format('uint 16', 0, 2),
  format('uint 32', 0, 4),
  format('uint 64', 0, 8),
  format('int 8', 0, 1),
  format('int 16', 0, 2),
  format('int 32', 0, 4),
  format('int 64', 0, 8),
  format('fixext 1', 0, 2),
  format('fixext 2', 0, 3),
  format('fixext 4', 0, 5),
  format('fixext 8', 0, 9),
  format('fixext 16', 0, 17),
  format('str 8', 1, 0),
  format('str 16', 2, 0),
  format('str 32', 4, 0),
  format('array 16', 2, 0, 1),
  format('array 32', 4, 0, 1),
  format('map 16', 2, 0, 2),
  format('map 32', 4, 0, 2),
];

/** The name of the format that a head byte begins. */
export function formatName(head: number): string {
  if (head < FIXMAP) return 'positive fixint';
  if (head < FIXARRAY) return 'fixmap';
  if (head < FIXSTR) return 'fixarray';
  if (head < NIL) return 'fixstr';
  return FORMATS[head - NIL]?.name ?? 'negative fixint';
}
