import { defineHub, method } from 'signalbox';
import { z } from 'zod';

/** Bytes: base64 text in JSON, bytes in MessagePack. */
const bytes = z.union([z.instanceof(Uint8Array), z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')))]);

/** A point in time: text in JSON, a timestamp in MessagePack. */
const instant = z.union([z.date(), z.iso.datetime({ offset: true }).transform((text) => new Date(text))]);

/** An integer of 64 bits: a number or a bigint, and text where a JavaScript client has to send a large one. */
const int64 = z.union([
  z.bigint(),
  z.int().transform(BigInt),
  z
    .string()
    .regex(/^-?\d{1,19}$/)
    .transform(BigInt),
]);

export const values = defineHub()({
  methods: {
    size: method([bytes], (_, data) => data.length),
    year: method([instant], (_, at) => at.getUTCFullYear()),
    next: method([int64], (_, id) => String(id + 1n)),
  },
});
