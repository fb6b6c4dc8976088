import { HubProtocolError, type HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type HubMessage, type ReceivedMessage } from '../protocol/hub/message.ts';

/** Values that every protocol carries as they are. */
export const plainValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  2 ** 31,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  '',
  'é世😀',
  '\u0000\u001e\r\n"\\',
  'x'.repeat(300),
  [],
  {},
  [1, [2, [3]]],
  { a: { b: [null, 'x'] }, '': 1 },
];

const headers = { traceparent: '00-0123456789abcdef-01', empty: 'not' };

/** A message of each kind, with and without what is optional. */
export const messages: readonly HubMessage[] = [
  { type: MessageType.invocation, target: 'send', arguments: [] },
  { type: MessageType.invocation, headers, invocationId: '1', target: 'Émile', arguments: [1, 'two'], streamIds: ['a', 'b'] },
  { type: MessageType.streamInvocation, invocationId: '2', target: 'count', arguments: [null] },
  { type: MessageType.streamInvocation, headers, invocationId: '2', target: 'count', arguments: [], streamIds: ['c'] },
  { type: MessageType.streamItem, invocationId: '2', item: null },
  { type: MessageType.streamItem, headers, invocationId: '2', item: { x: [1] } },
  { type: MessageType.completion, invocationId: '2', hasResult: false },
  { type: MessageType.completion, headers, invocationId: '1', hasResult: true, result: null },
  { type: MessageType.completion, invocationId: '1', hasResult: true, result: ['é'] },
  { type: MessageType.completion, invocationId: '1', hasResult: false, error: 'It "failed".\u001e' },
  { type: MessageType.cancelInvocation, invocationId: '2' },
  { type: MessageType.ping },
  { type: MessageType.close },
  { type: MessageType.close, error: 'Closed.', allowReconnect: true },
];

/** What version 2 adds. */
export const acknowledgements: readonly HubMessage[] = [
  { type: MessageType.ack, sequenceId: 1 },
  { type: MessageType.sequence, sequenceId: 2 ** 40 },
];

/** The messages that a protocol of this version has. */
export const messagesOf = ({ version }: HubProtocol): readonly HubMessage[] =>
  version > 1 ? [...messages, ...acknowledgements] : messages;

/** The bytes of a record, as they are on the wire. */
export function bytesOf(record: string | Uint8Array): Buffer {
  return typeof record === 'string' ? Buffer.from(record) : Buffer.from(record.buffer, record.byteOffset, record.byteLength);
}

/** A copy of what `protocol` writes for messages, one after the other. */
export function written(protocol: HubProtocol, ...all: readonly HubMessage[]): Buffer {
  return Buffer.concat(all.map((message) => bytesOf(protocol.write(message))));
}

/** What a connection makes of bytes that arrive in chunks. */
export interface Reading {
  readonly messages: readonly ReceivedMessage[];
  /** The bytes that each message is said to have taken. */
  readonly lengths: readonly number[];
  /** Bytes that wait for more. */
  readonly waiting: number;
  readonly error: HubProtocolError | undefined;
}

/**
 * Reads as a connection does: what was left is put in front of the next chunk, whose buffer is used for something else afterwards.
 *
 * @throws what is thrown and is no `HubProtocolError`
 */
export function read(protocol: HubProtocol, chunks: Iterable<Uint8Array>, limit = 0): Reading {
  const taken: ReceivedMessage[] = [];
  const lengths: number[] = [];
  let waiting = Buffer.alloc(0);
  for (const chunk of chunks) {
    const bytes = Buffer.concat([waiting, chunk]);
    let end: number;
    try {
      end = protocol.parse(bytes, 0, limit, (message, length) => {
        lengths.push(length);
        return taken.push(message) > 0;
      });
    } catch (error) {
      if (!(error instanceof HubProtocolError)) throw error;
      return { messages: taken, lengths, waiting: bytes.length, error };
    }
    waiting = Buffer.from(bytes.subarray(end));
    bytes.fill(0xaa);
  }
  return { messages: taken, lengths, waiting: waiting.length, error: undefined };
}

/** A message without what means as much as nothing: to compare. */
export function plain(message: ReceivedMessage): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message) as [string, unknown][]) {
    // Headers may well have no prototype.
    if (name === 'headers' && value !== undefined) kept[name] = { ...(value as object) };
    else kept[name] = value;
    if (meansNothing(name, value)) delete kept[name];
  }
  return kept;
}

function meansNothing(name: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (name === 'allowReconnect') return value === false;
  if (name === 'headers' || name === 'streamIds') return Object.keys(value as object).length === 0;
  return name === 'invocationId' && value === '';
}

const isText = (value: unknown): boolean => typeof value === 'string';
const areTexts = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.values(value).every(isText);

/** What each field is, where it is there. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  headers: areTexts,
  streamIds: (value) => Array.isArray(value) && areTexts(value),
  invocationId: isText,
  target: isText,
  error: isText,
  arguments: (value) => Array.isArray(value),
  sequenceId: (value) => Number.isInteger(value),
};

/** What each type of message can't do without. */
const REQUIRED: ReadonlyMap<unknown, readonly string[]> = new Map<unknown, readonly string[]>([
  [MessageType.invocation, ['target', 'arguments']],
  [MessageType.streamItem, ['invocationId', 'item']],
  [MessageType.completion, ['invocationId', 'hasResult']],
  [MessageType.streamInvocation, ['invocationId', 'target', 'arguments']],
  [MessageType.cancelInvocation, ['invocationId']],
  [MessageType.ping, []],
  [MessageType.close, []],
  [MessageType.ack, ['sequenceId']],
  [MessageType.sequence, ['sequenceId']],
  ['bindingFailure', ['target', 'reason', 'streaming']],
]);

/** What is not as `parse` promises it in a message, if anything is. */
export function fault(message: ReceivedMessage): string | undefined {
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  const required = REQUIRED.get(message.type);
  if (required === undefined) return 'type';
  const missing = required.find((name) => fields[name] === undefined || (name === 'invocationId' && fields[name] === ''));
  if (missing !== undefined) return missing;
  if (message.type === MessageType.completion && message.hasResult && message.error !== undefined) return 'error beside a result';
  return Object.keys(FIELDS).find((name) => fields[name] !== undefined && FIELDS[name]?.(fields[name]) === false);
}

/** Numbers from 0 on and below `below`, the same in every run. */
export function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
