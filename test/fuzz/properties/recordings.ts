import * as fc from 'fast-check';
import { readChunks } from '../../protocol/hub/vectors.ts';
import type { Arena } from '../arena.ts';
import { arenaProperty } from '../arena-property.ts';
import { json, messagePack, recordedRequests, recordedSessions, type RecordedSession } from '../corpus.ts';
import { cut, cuts, edits, mutate, type Edit } from '../mutations.ts';
import { negotiate, openClient, transports, type Client, type Transport } from '../peers/client.ts';
import { Exchange } from '../peers/exchange.ts';
import { BINARY, frame } from '../../../bench/load/frame-writer.ts';
import type { Property } from '../property.ts';
import { expectThat } from '../same.ts';

/** The arena's. */
const MESSAGE_LIMIT = 4_096;
const NOT_A_MESSAGE = { json: Buffer.from('!\u001e'), messagepack: Buffer.of(1, 0xc1) };

/** By name: a case that fails is printed. */
const sessionNames = recordedSessions.map(({ name }) => name);

function sessionNamed(wanted: string): RecordedSession {
  const session = recordedSessions.find(({ name }) => name === wanted);
  if (session === undefined) throw new Error(`No session '${wanted}' was recorded.`);
  return session;
}

interface Replay {
  readonly session: string;
  readonly transport: Transport;
  readonly edits: readonly Edit[];
  /** Whether the handshake may be changed, too. */
  readonly anywhere: boolean;
  readonly cuts: readonly number[];
  /** Whether each piece arrives before the next one is sent. */
  readonly slowly: boolean;
  /** Pieces after which the client is gone. */
  readonly vanishes: number | null;
}

const replay: fc.Arbitrary<Replay> = fc.record({
  session: fc.constantFrom(...sessionNames),
  transport: fc.constantFrom(...transports),
  edits,
  anywhere: fc.boolean(),
  cuts,
  slowly: fc.boolean(),
  vanishes: fc.option(fc.nat(8)),
});

/** What becomes of a connection that sends this behind its handshake; undefined where that depends on more. */
function fateOf({ protocol }: RecordedSession, bytes: Buffer): 'lives' | 'ends' | undefined {
  const { messages, error, waiting } = readChunks(protocol === 'json' ? json.protocol : messagePack.protocol, [bytes], MESSAGE_LIMIT);
  const says = messages.some((message) => message.type === 7 || ('target' in message && /^abort$/i.test(message.target)));
  if (says) return undefined;
  if (error !== undefined) return 'ends';
  return waiting === 0 ? 'lives' : undefined;
}

async function sendAll(arena: Arena, client: Client, bytes: Buffer, { cuts: places, slowly, vanishes }: Replay): Promise<void> {
  for (const [index, piece] of cut(bytes, places).entries()) {
    if (index === vanishes) {
      client.vanish();
      return;
    }
    client.send(piece);
    if (slowly) await arena.settle();
  }
}

async function holdsForReplay(arena: Arena, given: Replay): Promise<void> {
  const { transport, anywhere } = given;
  const session = sessionNamed(given.session);
  const [handshake = Buffer.alloc(0), ...sends] = session.sends;
  const behind = Buffer.concat(sends);
  const bytes = anywhere
    ? mutate(Buffer.concat([handshake, behind]), given.edits)
    : Buffer.concat([handshake, mutate(behind, given.edits)]);
  const client = await openClient(arena.connect, transport, '/hub', arena.settle);
  await sendAll(arena, client, bytes, given);
  await arena.settle();
  await arena.greetBystander(given.cuts.length);
  if ((anywhere && given.edits.length > 0) || given.vanishes !== null) return;
  if (transport === 'serverSentEvents' && session.protocol === 'messagepack') {
    expectThat(client.ended, 'MessagePack was let in where only text can go');
    return;
  }
  const fate = fateOf(session, bytes.subarray(handshake.length));
  if (fate === 'lives') {
    expectThat(!client.ended, 'a connection ended that did nothing wrong, having received', client.received.toString('latin1'));
    client.send(NOT_A_MESSAGE[session.protocol]);
    await arena.settle();
  }
  if (fate !== undefined)
    expectThat(client.ended, 'a connection lives on that sent what is no message, having received', client.received.toString('latin1'));
}

interface RawRequests {
  readonly requests: readonly { readonly index: number; readonly known: boolean; readonly edits: readonly Edit[] }[];
  /** Behind the requests, in case one was an upgrade. */
  readonly frames: readonly { readonly session: string; readonly edits: readonly Edit[] }[];
  readonly cuts: readonly number[];
  readonly slowly: boolean;
  readonly end: 'end' | 'cut' | 'stall';
  readonly pass: number;
}

const rawRequests: fc.Arbitrary<RawRequests> = fc.record({
  requests: fc.array(fc.record({ index: fc.nat(recordedRequests.length - 1), known: fc.boolean(), edits }), { minLength: 1, maxLength: 4 }),
  frames: fc.array(fc.record({ session: fc.constantFrom(...sessionNames), edits }), { maxLength: 2 }),
  cuts,
  slowly: fc.boolean(),
  end: fc.constantFrom('end', 'cut', 'stall'),
  pass: fc.nat(400),
});

function recordedRequest(index: number, token: string): Buffer {
  const { head, body } = recordedRequests[index] ?? { head: [] };
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const text = [...head, ...length].join('\r\n');
  const filled = text.replace('{connectionToken}', token).replace('{host}', '127.0.0.1').replace('{random}', 'dGhlIHNhbXBsZSBub25jZQ==');
  return Buffer.from(`${filled}\r\n\r\n${body ?? ''}`);
}

/** Each send of a session as a frame, changed as bytes of the WebSocket protocol. */
const framesOf = ({ session, edits: changes }: RawRequests['frames'][number]): Buffer =>
  mutate(
    Buffer.concat(
      sessionNamed(session)
        .sends.slice(0, 4)
        .map((payload) => frame(payload, BINARY)),
    ),
    changes,
  );

async function holdsForRequests(arena: Arena, given: RawRequests): Promise<void> {
  const token = await negotiate(arena.connect, '/hub', arena.settle);
  const requests = given.requests.map(({ index, known, edits: changes }) =>
    mutate(recordedRequest(index, known ? token : 'nosuch'), changes),
  );
  const exchange = new Exchange(arena.connect);
  for (const piece of cut(Buffer.concat([...requests, ...given.frames.map(framesOf)]), given.cuts)) {
    exchange.link.write(piece);
    if (given.slowly) await arena.settle();
  }
  exchange.link[given.end]();
  await arena.settle();
  await arena.greetBystander(given.cuts.length);
  await arena.pass(given.pass);
  expectThat(!exchange.statuses.includes(500), 'an answer that says we failed:', exchange.statuses);
}

export const recordingProperties: readonly Property[] = [
  arenaProperty(
    {
      name: 'recorded-sessions',
      title: 'a recorded session, cut and changed, goes on or ends as its bytes say, and costs nobody else anything',
      share: 75_000,
      few: 60,
    },
    'memory',
    (inArena) => fc.asyncProperty(replay, (given) => inArena((arena) => holdsForReplay(arena, given))),
  ),
  arenaProperty(
    {
      name: 'recorded-requests',
      title: 'recorded requests and frames, cut and changed, cost nobody else anything',
      share: 60_000,
      few: 60,
    },
    'memory',
    (inArena) => fc.asyncProperty(rawRequests, (given) => inArena((arena) => holdsForRequests(arena, given))),
  ),
];
