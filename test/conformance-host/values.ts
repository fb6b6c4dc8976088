import { z } from 'zod';

/** Text as the reference server takes it: a string type there holds null, too. */
export const text = z.string().nullable();

/** Null, or an object of `shape` whose properties are found in any case and may be missing: as the reference server reads JSON. */
function declared<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  return z.preprocess((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const known = Object.entries(value).map(([name, member]) => [names.get(name.toLowerCase()), member] as const);
    return Object.fromEntries(known.filter(([name]) => name !== undefined));
  }, z.object(shape).nullable());
}

export type CustomObject = z.infer<typeof CustomObject>;
export const CustomObject = declared({
  Name: text.default(null),
  Value: z.int32().default(0),
});

/** Bytes and dates are text over JSON and have types of their own over MessagePack. */
export type ComplexObject = z.infer<typeof ComplexObject>;
export const ComplexObject = declared({
  String: text.default(null),
  IntArray: z.array(z.int32()).nullable().default(null),
  ByteArray: z.base64().or(z.instanceof(Uint8Array)).nullable().default(null),
  Guid: z.guid().toLowerCase().default('00000000-0000-0000-0000-000000000000'),
  DateTime: z.iso.datetime({ offset: true, local: true }).or(z.date()).default('0001-01-01T00:00:00'),
});

/** Bytes: base64 text over JSON, as the reference server writes them. */
class Bytes extends Uint8Array {
  toJSON(): string {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString('base64');
  }
}

/** A time of whole seconds: over JSON without the fraction, as the reference server writes it. */
class WholeSecond extends Date {
  override toJSON(): string {
    return this.toISOString().replace('.000Z', 'Z');
  }
}

export const exampleObject: ComplexObject = {
  String: 'hello world',
  IntArray: [1, 2, 3],
  ByteArray: Bytes.of(1, 2, 3),
  Guid: '00010203-0405-0607-0706-050403020100',
  DateTime: new WholeSecond(Date.UTC(2000, 0, 1)),
};
