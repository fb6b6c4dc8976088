import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReceiveBuffer } from '../../src/base/receive-buffer.ts';

test('joins a message that comes in any pieces, whatever was read before it', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.infiniteStream(fc.nat(100)), (chunks, readings) => {
      const first = Buffer.from(chunks[0] ?? []);
      let expected = Buffer.from(first);
      const buffer = new ReceiveBuffer(first);
      first.fill(0xff);
      for (const chunk of chunks.slice(1)) {
        const reused = Buffer.from(chunk);
        const joined = buffer.join(reused);
        expected = Buffer.concat([expected, chunk]);
        expect(joined.equals(expected)).toBe(true);
        // Whatever is read from the front, the rest waits; and the chunk is its owner's again.
        const read = Math.min(readings.next().value ?? 0, joined.length - 1);
        buffer.skip(read);
        reused.fill(0xff);
        expected = expected.subarray(read);
      }
    }),
  );
});
