import { describe, expect, test } from 'vitest';
import { extensionTable } from '../../../src/protocol/service/extension.ts';
import { layouts, type ServiceMessage } from '../../../src/protocol/service/messages.ts';
import { parseServiceMessages } from '../../../src/protocol/service/reader.ts';
import type { ReceivedServiceMessage } from '../../../src/protocol/service/received.ts';
import { writeServiceMessage } from '../../../src/protocol/service/writer.ts';
import { readBody } from './reading.ts';
import { bytesOf, capturedFrames, toleranceCases, valueOf, vectors } from './vectors.ts';

/** What was read, as the vectors note it: maps as lists of pairs, an extension by its keys. */
function noted(name: string, value: unknown): unknown {
  if (name === 'claims') return { map: value };
  if (value instanceof Map) return { map: [...value] };
  if (name !== 'extension') return value;
  const keys = Object.entries(extensionTable).map(([member, { key }]) => [key, (value as Record<string, unknown>)[member]] as const);
  const present = keys.filter(([, item]) => item !== undefined);
  return { map: present.map(([key, item]) => [key, typeof item === 'bigint' ? Number(item) : item]) };
}

function itemsOf(message: ReceivedServiceMessage): unknown[] {
  const { type, ...values } = message as ServiceMessage & Record<string, unknown>;
  const layout = layouts[type];
  const [rest] = Object.keys(layout?.rest ?? {});
  const items = Object.keys(layout?.items ?? {}).map((name) => noted(name, (values as Record<string, unknown>)[name]));
  return [layout?.number, ...items, ...(rest === undefined ? [] : ((values as Record<string, unknown>)[rest] as unknown[]))];
}

/** The array that a message is written as; the form is one that its kind has, or nothing where more items follow than it has. */
function written(message: ReceivedServiceMessage, length: number): Buffer {
  const known = message as ServiceMessage;
  return writeServiceMessage(known, layouts[known.type]?.forms.includes(length) === true ? length : undefined);
}

describe('a message of the official library', () => {
  test.each(vectors)('$name is read, and written byte for byte', ({ layout, body, framed }) => {
    const message = readBody(bytesOf(body));
    // Of an older form, what is behind its items has fallbacks.
    expect(itemsOf(message).slice(0, layout.length)).toEqual(layout.map(valueOf));
    expect(written(message, layout.length).toString('base64')).toBe(framed);
  });

  test('is there of every kind but one', () => {
    const recorded = new Set(vectors.map(({ type }) => type));
    const missing = Object.entries(layouts).filter(([, { number }]) => !recorded.has(number));
    expect(missing.map(([type]) => type)).toEqual(['groupMemberQuery']);
    expect(vectors).toHaveLength(93);
  });

  test('is sent by whom the table says', () => {
    const senders = { 'app server': /^server->/, service: /^service->/, both: /./ };
    for (const { type, direction, name } of vectors) {
      const layout = Object.values(layouts).find(({ number }) => number === type);
      if (direction !== 'both' && layout !== undefined) expect(direction, name).toMatch(senders[layout.from]);
      if (direction === 'both') expect(layout?.from, name).toBe('both');
    }
  });

  test('is of the newest form, but for the ack of older libraries', () => {
    const older = vectors.filter(({ type, layout }) => {
      const { forms, rest } = Object.values(layouts).find(({ number }) => number === type) ?? { forms: [] };
      return rest === undefined && forms.at(-1) !== layout.length;
    });
    expect(older.map(({ name }) => name)).toEqual(['Ack.ok', 'Ack.notFound']);
  });
});

describe('a frame of Microsoft.Azure.SignalR 1.34.0', () => {
  test.each(capturedFrames)('$name is read, and written byte for byte', ({ framed }) => {
    const bytes = bytesOf(framed);
    const messages: ReceivedServiceMessage[] = [];
    expect(parseServiceMessages(bytes, 0, 0, (message) => messages.push(message) > 0)).toBe(bytes.length);
    expect(messages).toHaveLength(1);
    expect(writeServiceMessage(messages[0] as ServiceMessage).toString('base64')).toBe(framed);
  });
});

describe('what the official reader', () => {
  const outcome = (wanted: string) => toleranceCases.filter(({ result }) => result.startsWith(wanted));

  test.each(outcome('parsed:'))('understands is understood: $name', ({ body, rewrittenBody }) => {
    const message = readBody(bytesOf(body));
    const rewritten = bytesOf(rewrittenBody ?? '');
    // The recorded library wrote acks of five items. All arrays are short: their length is in the first byte.
    const length = message.type === 'ack' ? 5 : (rewritten[0] ?? 0) & 0x0f;
    expect(written(message, length).subarray(1).toString('base64')).toBe(rewrittenBody);
  });

  test.each(outcome('parsed-as-null'))('ignores is unknown: $name', ({ body }) => {
    expect(readBody(bytesOf(body))).toEqual({ type: 'unknown', number: 99 });
  });

  test.each(outcome('throws:'))('refuses is malformed: $name', ({ body }) => {
    expect(readBody(bytesOf(body))).toMatchObject({ type: 'malformed', problem: expect.any(String) });
  });

  test('does is one of the three', () => {
    expect(outcome('parsed:').length + outcome('parsed-as-null').length + outcome('throws:').length).toBe(toleranceCases.length);
  });
});
