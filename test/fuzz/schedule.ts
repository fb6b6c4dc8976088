import * as fc from 'fast-check';
import { json, messagePack, recordedSessions } from './corpus.ts';
import { cuts, edits, type Edit } from './mutations.ts';

/** Places for sessions. Requests with the number behind them ask for an id that nobody knows. */
export const SLOTS = 3;

interface OfSession {
  readonly slot: number;
}

interface Request extends OfSession {
  /** Whether it takes a while to find out who sends it. */
  readonly late: boolean;
}

/** What a client sends: some bytes that were recorded, or calls, changed or not. */
export interface Content {
  /** A character for each byte: a case that fails is printed. */
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** One thing that happens. */
export type Step =
  | (OfSession & { readonly does: 'negotiate'; readonly version: string; readonly fate: string; readonly stateful: boolean })
  | (OfSession & { readonly does: 'meet'; readonly protocol: string })
  | (Request & { readonly does: 'webSocket' | 'events' | 'poll' | 'delete' })
  | (Request & { readonly does: 'other'; readonly method: string })
  | (Request & { readonly does: 'post'; readonly content: Content; readonly cuts: readonly number[]; readonly part: number })
  | (OfSession & { readonly does: 'frame'; readonly content: Content; readonly opcode: number; readonly edits: readonly Edit[] })
  | (OfSession & { readonly does: 'vanish'; readonly what: 'carrier' | 'polls' | 'posts'; readonly politely: boolean })
  | (OfSession & { readonly does: 'stall' | 'flow' })
  | { readonly does: 'pass'; readonly milliseconds: number }
  | { readonly does: 'bystander'; readonly index: number };

/** What happens in one go: each of these is followed by the next before anything is answered. */
export type Burst = readonly Step[];

const record = (text: string): Buffer => Buffer.from(`${text}\u001e`);

const call = (target: string, ...values: readonly unknown[]): Buffer =>
  record(JSON.stringify({ type: 1, invocationId: '1', target, arguments: values }));

const calls: readonly Buffer[] = [
  call('Echo', 'hello'),
  call('Late', { a: [1] }),
  call('Sleep', 1),
  call('Ask'),
  call('Abort'),
  call('Flood', 20),
  call('Flood', 300),
  call('Join', 'g'),
  call('Group', 'g', 'x'),
  call('Others', { text: 'for all' }),
  record('{"type":4,"invocationId":"s","target":"Count","arguments":[9]}'),
  record('{"type":4,"invocationId":"t","target":"InfiniteStream","arguments":[]}'),
  record('{"type":5,"invocationId":"t"}'),
  record('{"type":1,"invocationId":"u","target":"StreamingConcat","arguments":[],"streamIds":["1"]}'),
  record('{"type":2,"invocationId":"1","item":"x"}'),
  record('{"type":3,"invocationId":"1"}'),
  record('{"type":3,"invocationId":"s1","result":1}'),
  record('{"type":6}'),
  record('{"type":7}'),
  ...[0, 1, 2, 3].flatMap((sequenceId) => [8, 9].map((type) => record(JSON.stringify({ type, sequenceId })))),
];

const handshakes = ['json', 'messagepack'].flatMap((protocol) => [1, 2].map((version) => record(JSON.stringify({ protocol, version }))));
const sends = recordedSessions.flatMap((session) => session.sends);

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...handshakes) },
  { weight: 6, arbitrary: fc.constantFrom(...calls) },
  { weight: 3, arbitrary: fc.constantFrom(...sends) },
  { weight: 1, arbitrary: fc.constantFrom(...json.messages, ...messagePack.messages) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...handshakes), fc.constantFrom(...calls)).map((both) => Buffer.concat(both)) },
);

const unchanged: fc.Arbitrary<readonly Edit[]> = fc.constant([]);
const changes = fc.oneof({ weight: 4, arbitrary: unchanged }, { weight: 1, arbitrary: edits });
const content: fc.Arbitrary<Content> = fc.record({ text: bytes.map((recorded) => recorded.toString('latin1')), edits: changes });
const slot = fc.oneof({ weight: 6, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(SLOTS) });
const late = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const request = { slot, late };
const does = <Name extends Step['does']>(...names: readonly Name[]): fc.Arbitrary<Name> => fc.constantFrom(...names);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: does('negotiate'),
      slot: fc.nat(SLOTS - 1),
      version: fc.constantFrom('1', '1', '1', '0', '2', '-1', 'x', ''),
      fate: fc.constantFrom('', '', '', 'late', 'refused', 'aborted'),
      stateful: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: does('meet'), slot: fc.nat(SLOTS - 1), protocol: fc.constantFrom('json', 'json', 'messagepack') }),
  },
  { weight: 8, arbitrary: fc.record({ does: does('webSocket', 'events', 'poll', 'poll', 'delete'), ...request }) },
  { weight: 1, arbitrary: fc.record({ does: does('other'), method: fc.constantFrom('PUT', 'OPTIONS', 'PATCH'), ...request }) },
  {
    weight: 8,
    arbitrary: fc.record({
      does: does('post'),
      content,
      cuts,
      part: fc.oneof(fc.constant(1), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      ...request,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ does: does('frame'), slot, content, opcode: fc.constantFrom(1, 1, 2, 2, 0, 8, 9, 10), edits: changes }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: does('vanish'), slot, what: fc.constantFrom('carrier', 'polls', 'posts'), politely: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ does: does('stall', 'flow'), slot }) },
  { weight: 2, arbitrary: fc.record({ does: does('pass'), milliseconds: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ does: does('bystander'), index: fc.nat(2) }) },
);

const burst: fc.Arbitrary<Burst> = fc.oneof(
  { weight: 4, arbitrary: step.map((only) => [only]) },
  { weight: 1, arbitrary: fc.array(step, { minLength: 2, maxLength: 4 }) },
);

/** What happens, one after the other. The first session is there from the start. */
export const schedule: fc.Arbitrary<readonly Burst[]> = fc.array(burst, { minLength: 1, maxLength: 16 });
