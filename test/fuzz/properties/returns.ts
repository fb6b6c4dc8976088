import * as fc from 'fast-check';
import { MessageType, type HubMessage, type HubProtocol, type ReceivedMessage } from 'signalbox/protocol';
import type { Arena } from '../arena.ts';
import { arenaProperty } from '../arena-property.ts';
import { json, messagePack } from '../corpus.ts';
import { negotiate } from '../peers/client.ts';
import { ReturningClient } from '../peers/returning-client.ts';
import type { Property } from '../property.ts';
import { expectSame, expectThat } from '../same.ts';

/** Something that a client asks of its hub, and what it is to hear of it, by invocation id. */
type Call =
  | { readonly calls: 'Echo' | 'Late' | 'InvokeWithString' | 'StreamingConcat'; readonly text: string }
  | { readonly calls: 'Count'; readonly count: number }
  | { readonly calls: 'Ask' };

/** What happens on the way. */
type Turn =
  | { readonly does: 'send'; readonly messages: number }
  /** A message that does not arrive, or not whole: the socket is cut, or slower than the next one. */
  | { readonly does: 'lose'; readonly part: number; readonly framed: boolean; readonly late: boolean }
  | { readonly does: 'ack'; readonly behind: number }
  | { readonly does: 'leave'; readonly how: 'cut' | 'end' | 'stay'; readonly stall: boolean; readonly away: number }
  | { readonly does: 'wait'; readonly milliseconds: number };

interface Journey {
  readonly protocol: 'json' | 'messagepack';
  readonly calls: readonly Call[];
  readonly turns: readonly Turn[];
  readonly together: boolean;
  /** Whether what was sent arrives before the next turn. */
  readonly slowly: boolean;
  readonly end: 'vanish' | 'close' | 'ack' | 'sequence' | 'zero';
}

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('x'.repeat(500), 'ß\u001e"', ''));
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ calls: fc.constantFrom('Echo', 'Echo', 'Late', 'InvokeWithString', 'StreamingConcat'), text }),
  fc.record({ calls: fc.constant('Count'), count: fc.nat(50) }),
  fc.record({ calls: fc.constant('Ask') }),
);
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('send'), messages: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('lose'),
      part: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      framed: fc.boolean(),
      late: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('ack'), behind: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('leave'),
      how: fc.constantFrom('cut', 'end', 'stay'),
      stall: fc.boolean(),
      away: fc.oneof(fc.constant(0), fc.nat(400)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('wait'), milliseconds: fc.nat(300) }) },
);
const journey: fc.Arbitrary<Journey> = fc.record({
  protocol: fc.constantFrom('json', 'messagepack'),
  calls: fc.array(call, { minLength: 1, maxLength: 10 }),
  turns: fc.array(turn, { maxLength: 16 }),
  together: fc.boolean(),
  slowly: fc.boolean(),
  end: fc.constantFrom('vanish', 'vanish', 'close', 'ack', 'sequence', 'zero'),
});

/** Rounds in which a client acknowledges what came, and more comes. */
const MOST_ROUNDS = 60;

/** Milliseconds, the lateness of time-outs included. */
const ACKNOWLEDGED_WITHIN = 1_200;

const { completion, invocation, streamInvocation, streamItem } = MessageType;

function messagesOf(asked: Call, index: number): readonly HubMessage[] {
  const invocationId = String(index);
  const begin = { type: invocation, invocationId, target: asked.calls, arguments: 'text' in asked ? [asked.text] : [] };
  if (asked.calls === 'Count') return [{ ...begin, type: streamInvocation, arguments: [asked.count] }];
  if (asked.calls !== 'StreamingConcat') return [begin];
  const item = { type: streamItem, invocationId: `u${index}`, item: asked.text };
  return [
    { ...begin, arguments: [], streamIds: [`u${index}`] },
    item,
    item,
    { type: completion, invocationId: `u${index}`, hasResult: false },
  ];
}

/** What a client hears that was never interrupted: the items and the result of each call. */
function answersTo(asked: Call): readonly unknown[] {
  if (asked.calls === 'Count') return [...Array(asked.count).keys(), 'end'];
  if (asked.calls === 'StreamingConcat') return [asked.text + asked.text];
  if (asked.calls === 'InvokeWithString') return [null];
  return ['text' in asked ? asked.text : 1];
}

/** What came for an invocation. */
function heard(messages: readonly ReceivedMessage[], invocationId: string): readonly unknown[] {
  return messages.flatMap((message) => {
    if (message.type === streamItem && message.invocationId === invocationId) return [message.item];
    if (message.type !== completion || message.invocationId !== invocationId) return [];
    return [message.error ?? (message.hasResult ? message.result : 'end')];
  });
}

/** One client on its way. */
class Traveller {
  readonly #arena: Arena;
  readonly #journey: Journey;
  readonly #client: ReturningClient;
  readonly #unsent: HubMessage[];
  /** Questions of the server that were looked at. */
  #looked = 0;

  constructor(arena: Arena, given: Journey, token: string, protocol: HubProtocol) {
    this.#arena = arena;
    this.#journey = given;
    this.#client = new ReturningClient(arena.connect, `/hub?id=${token}`, protocol);
    this.#unsent = given.calls.flatMap(messagesOf);
  }

  async travel(): Promise<void> {
    this.#client.open();
    await this.#arena.settle();
    this.#client.shakeHands();
    await this.#arena.settle();
    for (const next of this.#journey.turns) {
      await this.#take(next);
      if (this.#journey.slowly) await this.#settle();
    }
    await this.#arrive();
    this.#look();
    await this.#end();
  }

  async #take(next: Turn): Promise<void> {
    if (next.does === 'send') for (const message of this.#unsent.splice(0, next.messages)) this.#client.send(message);
    else if (next.does === 'lose') await this.#lose(next);
    else if (next.does === 'ack') this.#client.say({ type: MessageType.ack, sequenceId: Math.max(this.#client.latest - next.behind, 0) });
    else if (next.does === 'wait') await this.#arena.pass(next.milliseconds);
    else await this.#leave(next);
  }

  async #lose({ part, framed, late }: Extract<Turn, { does: 'lose' }>): Promise<void> {
    const message = this.#unsent.shift();
    if (message === undefined) return;
    if (late) this.#client.sendLate(message, part, framed);
    else {
      this.#client.sendPart(message, part, framed);
      await this.#arena.settle();
      this.#client.leave('cut');
    }
    await this.#comeBack();
  }

  async #leave({ how, stall, away }: Extract<Turn, { does: 'leave' }>): Promise<void> {
    if (stall) this.#client.stall();
    if (how !== 'stay') {
      this.#client.leave(how);
      await this.#arena.pass(away);
    }
    await this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    this.#client.open();
    await this.#arena.settle();
    expectThat(this.#client.status === 101, 'who came back was answered with', this.#client.status);
    this.#client.arriveLate();
    this.#client.repeat(this.#journey.together);
  }

  /** Has everything arrive, and answers what the server asks. */
  async #settle(): Promise<void> {
    await this.#arena.settle();
    const { received } = this.#client;
    for (; this.#looked < received.length; this.#looked++) {
      const message = received[this.#looked];
      if (message?.type !== invocation || message.invocationId === undefined) continue;
      this.#client.send({ type: completion, invocationId: message.invocationId, hasResult: true, result: 1 });
    }
  }

  /** Sends the rest, and acknowledges all that comes until nothing more does. */
  async #arrive(): Promise<void> {
    for (const message of this.#unsent) this.#client.send(message);
    for (let round = 0, quiet = 0; quiet < 2 && round < MOST_ROUNDS; round++) {
      const { latest, last } = this.#client;
      await this.#settle();
      this.#client.say({ type: MessageType.ack, sequenceId: this.#client.latest });
      await this.#settle();
      quiet = this.#client.latest === latest && this.#client.last === last ? quiet + 1 : 0;
    }
    if (!this.#journey.slowly) return;
    await this.#arena.pass(ACKNOWLEDGED_WITHIN);
    expectThat(this.#client.acknowledged, 'not all messages were acknowledged');
  }

  #look(): void {
    const { closed, farewell, received } = this.#client;
    expectThat(!closed && farewell === undefined, 'the connection has ended:', farewell);
    for (const [index, asked] of this.#journey.calls.entries()) {
      const answers = heard(received, String(index));
      // On the way its time may have been over.
      if (asked.calls === 'Ask' && answers.length === 1) continue;
      expectSame(answers, answersTo(asked), `the answers to call ${index}`);
    }
    const said = received.flatMap((message) =>
      message.type === invocation && message.invocationId === undefined ? message.arguments : [],
    );
    const due = this.#journey.calls.flatMap((asked) => (asked.calls === 'InvokeWithString' ? [asked.text] : []));
    expectSame(said, due, 'what the hub said');
  }

  async #end(): Promise<void> {
    const { end } = this.#journey;
    if (end === 'vanish') return;
    if (end === 'close') this.#client.say({ type: MessageType.close });
    else if (end === 'ack') this.#client.say({ type: MessageType.ack, sequenceId: this.#client.latest + 1 });
    else this.#client.say({ type: MessageType.sequence, sequenceId: end === 'zero' ? 0 : this.#client.last + 2 });
    await this.#arena.settle();
    expectThat(this.#client.closed, 'the connection lives on behind', end);
    expectThat(this.#client.farewell !== undefined, 'there was no close message');
    this.#client.open();
    await this.#arena.settle();
    expectThat(this.#client.status === 404, 'who comes back to what has ended was answered with', this.#client.status);
  }
}

async function holdsFor(arena: Arena, given: Journey): Promise<void> {
  const token = await negotiate(arena.connect, '/hub', arena.settle, true);
  await new Traveller(arena, given, token, (given.protocol === 'json' ? json : messagePack).protocol).travel();
}

const title = 'whatever becomes of its sockets, a client with stateful reconnect hears what one hears that was never interrupted';

export const returnProperties: readonly Property[] = [
  arenaProperty({ name: 'returns', title, share: 20_000, few: 60 }, 'memory', (inArena) =>
    fc.asyncProperty(journey, (given) => inArena((arena) => holdsFor(arena, given))),
  ),
  arenaProperty({ name: 'returns-tcp', title: `${title}, over TCP`, share: 5_000, few: 10 }, 'tcp', (inArena) =>
    fc.asyncProperty(journey, (given) => inArena((arena) => holdsFor(arena, given))),
  ),
];
