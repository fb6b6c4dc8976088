import * as fc from 'fast-check';
import { HubProtocolError, parseHandshakeRequest, readTextRecord } from 'signalbox/protocol';
import { handshakes } from '../corpus.ts';
import { edits, mutate } from '../mutations.ts';
import { pureProperty, type Property } from '../property.ts';
import { expectThat } from '../same.ts';

const words = ['{', '}', '[', ']', ':', ',', '"protocol"', '"version"', '"json"', '1', '1e999', 'null', ' ', '\\', '"', '\ufeff'];

const bytes = fc.oneof(
  fc.uint8Array().map((random) => Buffer.from(random)),
  fc.array(fc.constantFrom(...words)).map((parts) => Buffer.from(parts.join(''))),
  fc.tuple(fc.constantFrom(...handshakes), edits).map(([recorded, changes]) => mutate(recorded, changes)),
);

function holdsForHandshake(given: Buffer): void {
  const end = readTextRecord(given, 0, 0);
  try {
    const { protocol, version } = parseHandshakeRequest(end < 0 ? given : given.subarray(0, end));
    expectThat(typeof protocol === 'string' && Number.isInteger(version) && Math.abs(version) <= 2 ** 31, 'no request:', protocol, version);
  } catch (error) {
    if (!(error instanceof HubProtocolError)) throw error;
  }
}

export const handshakeProperties: readonly Property[] = [
  pureProperty({ name: 'handshakes', title: 'any bytes are a handshake request or a protocol error', share: 50_000, few: 500 }, () =>
    fc.property(bytes, holdsForHandshake),
  ),
];
