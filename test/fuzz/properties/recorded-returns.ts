import * as fc from 'fast-check';
import { MessageType, type ReceivedMessage } from 'signalbox/protocol';
import { BINARY, frame, TEXT } from '../../../bench/load/frame-writer.ts';
import { readChunks } from '../../protocol/hub/vectors.ts';
import { LATENESS, times, type Arena } from '../arena.ts';
import { arenaProperty } from '../arena-property.ts';
import { json, messagePack, recordedReturns, type Corpus, type RecordedReturn } from '../corpus.ts';
import { mutate, someEdits, type Edit } from '../mutations.ts';
import { negotiate } from '../peers/client.ts';
import { WebSocketPeer } from '../peers/web-socket.ts';
import type { Property } from '../property.ts';
import { expectSame, expectThat } from '../same.ts';

/** An ack or a sequence message that the client did not send. */
interface Made {
  readonly socket: number;
  /** Counted in frames, round and round. */
  readonly before: number;
  readonly type: typeof MessageType.ack | typeof MessageType.sequence;
  readonly sequenceId: number;
}

interface Changed {
  readonly socket: number;
  /** Counted round and round. */
  readonly frame: number;
  readonly edits: readonly Edit[];
}

interface Replay {
  /** By name: a case that fails is printed. */
  readonly name: string;
  /** What is changed inside of frames. */
  readonly changed: readonly Changed[];
  readonly made: readonly Made[];
  /** How much of what was sent by the first socket arrives. */
  readonly part: number;
  readonly how: 'cut' | 'end' | 'stay';
  /** Milliseconds until the client comes back. */
  readonly away: number;
}

const changed: fc.Arbitrary<Changed> = fc.record({ socket: fc.nat(1), frame: fc.nat(100), edits: someEdits });
const made: fc.Arbitrary<Made> = fc.record({
  socket: fc.nat(1),
  before: fc.nat(100),
  type: fc.constantFrom(MessageType.ack, MessageType.sequence),
  sequenceId: fc.integer({ min: -1, max: 25 }),
});
const replay: fc.Arbitrary<Replay> = fc.record({
  name: fc.constantFrom(...recordedReturns.map(({ name }) => name)),
  changed: fc.oneof(fc.constant([]), fc.array(changed, { maxLength: 3 })),
  made: fc.oneof(fc.constant([]), fc.array(made, { maxLength: 3 })),
  part: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  how: fc.constantFrom('cut', 'cut', 'end', 'stay'),
  away: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(900) }),
});

function sessionNamed(wanted: string): RecordedReturn {
  const session = recordedReturns.find(({ name }) => name === wanted);
  if (session === undefined) throw new Error(`No session '${wanted}' was recorded.`);
  return session;
}

/** The frames of a socket as they are sent. */
function framesOf({ protocol }: Corpus, session: RecordedReturn, socket: number, given: Replay): readonly Buffer[] {
  const payloads = [...(session.sockets[socket] ?? [])];
  for (const { type, sequenceId, before } of given.made.filter((message) => message.socket === socket)) {
    payloads.splice(before % (payloads.length + 1), 0, Buffer.from(protocol.write({ type, sequenceId })));
  }
  return payloads.map((payload, index) => {
    const own = given.changed.filter((one) => one.socket === socket && one.frame % payloads.length === index);
    return frame(
      mutate(
        payload,
        own.flatMap((one) => one.edits),
      ),
      session.protocol === 'json' ? TEXT : BINARY,
    );
  });
}

/** A socket of the client, and what came by it. */
class Socket {
  readonly peer: WebSocketPeer;
  readonly #chunks: Buffer[] = [];

  constructor(arena: Arena, token: string) {
    this.peer = new WebSocketPeer(arena.connect, `/hub?id=${token}`, [], (chunk) => this.#chunks.push(Buffer.from(chunk)));
  }

  messages({ protocol }: Corpus): readonly ReceivedMessage[] {
    return readChunks(protocol, [Buffer.concat(this.#chunks)]).messages;
  }
}

/** What the second socket may be answered, where nothing was changed. */
function answersTo({ how, away }: Replay, agreed: boolean): readonly number[] {
  if (how === 'stay') return agreed ? [101] : [409];
  if (!agreed) return [404];
  if (away < times.disconnect) return [101];
  return away > times.disconnect + LATENESS ? [404] : [101, 404];
}

async function holdsFor(arena: Arena, given: Replay): Promise<void> {
  const session = sessionNamed(given.name);
  const corpus = session.protocol === 'json' ? json : messagePack;
  const token = await negotiate(arena.connect, '/hub', arena.settle, true);
  const first = new Socket(arena, token);
  await arena.settle();
  const [handshake = Buffer.alloc(0), ...more] = framesOf(corpus, session, 0, given);
  const bytes = Buffer.concat([handshake, ...more]);
  const part = Math.floor(bytes.length * given.part);
  first.peer.exchange.link.write(bytes.subarray(0, part));
  await arena.settle();
  if (given.how !== 'stay') first.peer.exchange.link[given.how]();
  await arena.pass(given.how === 'stay' ? 0 : given.away);
  const second = new Socket(arena, token);
  await arena.settle();
  const { status } = second.peer.exchange;
  if (status === 101) for (const sent of framesOf(corpus, session, 1, given)) second.peer.exchange.link.write(sent);
  await arena.settle();
  await arena.greetBystander(given.made.length);
  if (given.made.length > 0 || given.changed.length > 0) return;
  const allowed = answersTo(given, part >= handshake.length);
  expectThat(allowed.includes(status), 'who came back was answered with', status, 'and not with any of', allowed);
  if (status !== 101) return;
  const messages = second.messages(corpus);
  expectSame(messages[0], { type: MessageType.sequence, sequenceId: 1 }, 'the first message');
  const results = messages.flatMap((message) => (message.type === MessageType.completion ? [[message.invocationId, message.result]] : []));
  const due = Array.from({ length: 20 }, (_, index) => [String(index + 1), `m${index}`]);
  expectSame(results, due, 'the results');
  expectThat(second.peer.closed, 'the connection lives on behind the close message of its client');
}

export const recordedReturnProperties: readonly Property[] = [
  arenaProperty(
    {
      name: 'recorded-returns',
      title: 'a recorded client that comes back, cut anywhere and changed, has all its results or an end, and costs nobody else anything',
      share: 20_000,
      few: 40,
    },
    'memory',
    (inArena) => fc.asyncProperty(replay, (given) => inArena((arena) => holdsFor(arena, given))),
  ),
];
