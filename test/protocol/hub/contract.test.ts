import { readFileSync } from 'node:fs';
import { decode, encode } from '@msgpack/msgpack';
import {
  HUB_PROTOCOL_VERSION,
  JsonHubProtocol,
  MAX_LENGTH_PREFIX,
  MessagePackHubProtocol,
  MessageType,
  RECORD_SEPARATOR,
  lengthPrefixSize,
} from 'signalbox/protocol';
import type { HubMessage } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { readChunks } from './vectors.ts';

interface Entry {
  readonly name: keyof typeof MessageType;
  readonly type: number;
  readonly since?: number;
  readonly json: { readonly required: readonly string[]; readonly optional: readonly string[] };
  readonly messagepack: { readonly items: readonly string[]; readonly least: number };
}

interface Contract {
  readonly versions: readonly number[];
  readonly text: { readonly protocol: string; readonly separator: string };
  readonly binary: { readonly protocol: string; readonly maxPrefix: number; readonly maxLength: number };
  readonly fields: Readonly<Record<string, string>>;
  readonly messages: readonly Entry[];
  readonly order: { readonly json: readonly string[] };
}

const contract = JSON.parse(readFileSync(new URL('../../../spec/hub-protocol.json', import.meta.url), 'utf8')) as Contract;
const json = new JsonHubProtocol();
const messagepack = new MessagePackHubProtocol();

/** A value for each field, so that what stands where can be told. */
const values: Readonly<Record<string, unknown>> = {
  headers: { name: 'text' },
  invocationId: 'id',
  target: 'method',
  arguments: ['argument'],
  streamIds: ['stream'],
  item: 'item',
  result: 'result',
  error: 'error',
  allowReconnect: true,
  sequenceId: 7,
};

/** A message with the fields of the table that are named. */
function make(entry: Entry, fields: readonly string[]): HubMessage {
  const present = fields.filter((field) => field in values).map((field) => [field, values[field]]);
  const hasResult = entry.name === 'completion' ? { hasResult: fields.includes('result') } : {};
  return { type: entry.type, ...hasResult, ...Object.fromEntries(present) } as HubMessage;
}

function writeJson(message: HubMessage): Record<string, unknown> {
  return JSON.parse(json.write(message).slice(0, -1)) as Record<string, unknown>;
}

function writeItems(message: HubMessage): unknown[] {
  const bytes = messagepack.write(message);
  return decode(bytes.subarray(lengthPrefixSize(bytes.length - 1))) as unknown[];
}

function readJson(fields: Record<string, unknown>): ReturnType<typeof readChunks> {
  return readChunks(json, [Buffer.from(`${JSON.stringify(fields)}\u001e`)]);
}

function readItems(items: readonly unknown[]): ReturnType<typeof readChunks> {
  const payload = encode(items);
  return readChunks(messagepack, [Buffer.concat([Buffer.of(payload.length), payload])]);
}

test('the table has every message type of the code, and no other', () => {
  expect(Object.fromEntries(contract.messages.map(({ name, type }) => [name, type]))).toEqual(MessageType);
  expect(Math.max(...contract.versions)).toBe(HUB_PROTOCOL_VERSION);
  expect(Math.max(...contract.messages.map(({ since = 1 }) => since))).toBe(HUB_PROTOCOL_VERSION);
});

test('names and framing are those of the code', () => {
  expect([json.name, messagepack.name]).toEqual([contract.text.protocol, contract.binary.protocol]);
  expect([json.format, messagepack.format]).toEqual(['text', 'binary']);
  expect(Number.parseInt(contract.text.separator, 16)).toBe(RECORD_SEPARATOR);
  expect(contract.binary.maxPrefix).toBe(MAX_LENGTH_PREFIX);
  expect(lengthPrefixSize(contract.binary.maxLength)).toBe(MAX_LENGTH_PREFIX);
});

test('every field is explained', () => {
  const used = contract.messages.flatMap((entry) => [...entry.json.required, ...entry.json.optional, ...entry.messagepack.items]);
  expect(new Set(used)).toEqual(new Set(Object.keys(contract.fields)));
});

describe.each(contract.messages.map((entry): [string, Entry] => [entry.name, entry]))('%s', (_, entry) => {
  const { required, optional } = entry.json;
  const { items, least } = entry.messagepack;

  test('is written as JSON with these fields, in this order', () => {
    // An error and a result exclude each other.
    const choices = entry.name === 'completion' ? ['error', 'result'] : [undefined];
    for (const left of choices) {
      const fields = [...required, ...optional].filter((field) => field !== left);
      expect(Object.keys(writeJson(make(entry, fields)))).toEqual(contract.order.json.filter((field) => fields.includes(field)));
    }
  });

  test('is written as JSON with the required fields alone', () => {
    expect(Object.keys(writeJson(make(entry, required))).toSorted()).toEqual([...required].toSorted());
  });

  test('is read from JSON without each optional field and not without a required one', () => {
    const full = writeJson(make(entry, [...required, ...optional.filter((field) => field !== 'error')]));
    for (const field of optional) {
      const { [field]: _left, ...rest } = full;
      expect(readJson(rest)).toMatchObject({ error: undefined, messages: [{ type: entry.type }] });
    }
    for (const field of required) {
      const { [field]: _left, ...rest } = full;
      expect(readJson(rest).error?.message).toBe(`Missing required property '${field}'.`);
    }
  });

  test('is written as MessagePack with these items', () => {
    const kinds: Readonly<Record<string, unknown>> = { ...values, type: entry.type, resultKind: 3 };
    const fields = [...required, ...optional].filter((field) => entry.name !== 'completion' || field !== 'error');
    expect(writeItems(make(entry, fields))).toEqual(items.map((item) => kinds[item]));
  });

  test('is written as MessagePack with every item, or those that its kind has', () => {
    expect(writeItems(make(entry, required))).toHaveLength(entry.name === 'completion' ? least : items.length);
  });

  test('is read from MessagePack with the least items, and with more than there are', () => {
    const written = writeItems(make(entry, required));
    expect(readItems(written.slice(0, least))).toMatchObject({ error: undefined, messages: [{ type: entry.type }] });
    expect(readItems([...writeItems(make(entry, ['result', ...required])), 'more', {}])).toMatchObject({
      error: undefined,
      messages: [{ type: entry.type }],
    });
  });

  test('is not read from MessagePack with fewer items', () => {
    const written = writeItems(make(entry, required));
    for (let count = 1; count < least; count++) {
      const { messages, error } = readItems(written.slice(0, count));
      const failed = error !== undefined || messages.every((message) => message.type === 'bindingFailure' || 'error' in message);
      expect(failed).toBe(true);
    }
  });
});
