import { HubProtocolError, parseHandshakeRequest, readTextRecord, writeHandshakeResponse } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { bytesOf, loadVectors } from './vectors.ts';
import type { HandshakeVector } from './vectors.ts';

describe('parseHandshakeRequest', () => {
  const { handshake } = loadVectors();

  test.each(handshake.map((vector): [string, HandshakeVector] => [vector.name, vector]))('%s', (_, vector) => {
    const parse = (): unknown => parseHandshakeRequest(bytesOf(vector));
    if (vector.error === undefined) expect(parse()).toEqual(vector.request);
    else expect(parse).toThrow(expect.objectContaining({ ...vector.error, constructor: HubProtocolError }));
  });

  test('takes a record that readTextRecord found among others', () => {
    const bytes = Buffer.from('{"protocol":"json","version":1}\u001e{"type":6}\u001e');
    const end = readTextRecord(bytes, 0, 1_000);
    expect(parseHandshakeRequest(bytes.subarray(0, end))).toEqual({ protocol: 'json', version: 1 });
  });

  test('names like __proto__ are harmless', () => {
    const text = '{"__proto__":{"protocol":"json","version":1},"constructor":null,"protocol":"json","version":1}';
    expect(parseHandshakeRequest(Buffer.from(text))).toEqual({ protocol: 'json', version: 1 });
    const nested = Buffer.from('{"__proto__":{"protocol":"json","version":1}}');
    expect(() => parseHandshakeRequest(nested)).toThrow("Missing required property 'protocol'.");
  });
});

describe('writeHandshakeResponse', () => {
  test('accepts with an empty object', () => {
    expect(writeHandshakeResponse()).toBe('{}\u001e');
  });

  test('refuses with the reason', () => {
    expect(writeHandshakeResponse("The protocol 'nope' is not supported.")).toBe(
      '{"error":"The protocol \'nope\' is not supported."}\u001e',
    );
    expect(writeHandshakeResponse('a "quoted"\u001e reason')).toBe('{"error":"a \\"quoted\\"\\u001e reason"}\u001e');
  });
});
