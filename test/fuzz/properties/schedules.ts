import * as fc from 'fast-check';
import { BINARY, frame, TEXT } from '../../../bench/load/frame-writer.ts';
import { LATENESS, times, type Arena } from '../arena.ts';
import { arenaProperty } from '../arena-property.ts';
import { cut, mutate } from '../mutations.ts';
import { Exchange, requestBytes } from '../peers/exchange.ts';
import { WebSocketPeer } from '../peers/web-socket.ts';
import type { Property } from '../property.ts';
import { expectThat } from '../same.ts';
import { schedule, SLOTS, type Burst, type Content, type Step } from '../schedule.ts';
import { PENDING, type Ask } from '../session-model.ts';
import { Slot } from '../slot.ts';

type StepOf<Does extends Step['does']> = Extract<Step, { readonly does: Does }>;

/** A request whose answer is to be looked at. */
interface Asked {
  readonly slot: Slot;
  /** What the id was when it was asked. */
  readonly token?: string | undefined;
  readonly ask: Ask;
  readonly exchange: Exchange;
  readonly allowed: readonly number[];
  /** What follows from its answer. */
  readonly answered?: (status: number) => void;
}

const bytesOf = ({ text, edits }: Content): Buffer => mutate(Buffer.from(text, 'latin1'), edits);

/** Plays a schedule, and looks at every answer. */
class Player {
  readonly #arena: Arena;
  readonly #slots: Slot[];
  readonly #asked: Asked[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#slots = Array.from({ length: SLOTS + 1 }, () => new Slot('', this.#now));
  }

  async play(bursts: readonly Burst[]): Promise<void> {
    await this.#playBurst([{ does: 'negotiate', slot: 0, version: '1', fate: '', stateful: false }]);
    for (const burst of bursts) await this.#playBurst(burst);
  }

  readonly #now = (): number => this.#arena.clock.now();

  async #playBurst(burst: Burst): Promise<void> {
    const slots = burst.map((step) => ('slot' in step ? step.slot : -1));
    for (const [index, step] of burst.entries()) {
      const takesTime = step.does === 'pass' || step.does === 'bystander' || step.does === 'meet';
      if (takesTime) await this.#settle();
      await this.#do(
        step,
        slots.some((slot, other) => other !== index && slot === slots[index]),
      );
      if (takesTime) await this.#settle();
    }
    await this.#settle();
    this.#expectPollsInTime();
  }

  /** Has everything arrived, and looks at what has come of it. */
  async #settle(): Promise<void> {
    await this.#arena.settle();
    for (const asked of this.#asked.splice(0)) this.#judge(asked);
    for (const slot of this.#slots) slot.look();
  }

  async #do(step: Step, beside: boolean): Promise<void> {
    switch (step.does) {
      case 'negotiate':
        return this.#negotiate(step);
      case 'meet':
        return this.#meet(step);
      case 'webSocket':
        return this.#openWebSocket(step, beside);
      case 'events':
      case 'poll':
      case 'delete':
      case 'other':
        return this.#request(step, beside);
      case 'post':
        return this.#post(step, beside);
      case 'frame':
        return this.#sendFrame(step);
      case 'vanish':
        return this.#slot(step.slot).vanish(step.what, step.politely);
      case 'stall':
      case 'flow':
        return this.#stallOrFlow(step);
      case 'pass':
        return this.#arena.pass(step.milliseconds);
      case 'bystander':
        return this.#arena.greetBystander(step.index);
    }
  }

  /** A client that may come back: it has negotiated, opened a WebSocket and shaken hands. */
  async #meet({ slot, protocol }: StepOf<'meet'>): Promise<void> {
    this.#negotiate({ does: 'negotiate', slot, version: '1', fate: '', stateful: true });
    await this.#settle();
    this.#openWebSocket({ does: 'webSocket', slot, late: false }, false);
    await this.#settle();
    const content = { text: `{"protocol":"${protocol}","version":2}\u001e`, edits: [] };
    this.#sendFrame({ does: 'frame', slot, content, opcode: 1, edits: [] });
  }

  #negotiate({ slot, version, fate, stateful }: StepOf<'negotiate'>): void {
    // In version 0 the token is no secret.
    const mayReturn = stateful && (version === '1' || version === '2');
    const session = new Slot(fate, this.#now, mayReturn);
    this.#slots[slot] = session;
    const target = `/hub/negotiate?negotiateVersion=${version}${stateful ? '&useStatefulReconnect=true' : ''}`;
    const exchange = new Exchange(this.#arena.connect, requestBytes({ method: 'POST', target, body: Buffer.alloc(0) }));
    const answered = (): void => {
      const answer = JSON.parse(exchange.body.toString()) as Record<string, string | undefined>;
      const { connectionToken, connectionId, error } = answer;
      expectThat('useStatefulReconnect' in answer === mayReturn, 'negotiate was answered with', answer);
      const token = connectionToken ?? connectionId;
      expectThat((token === undefined) === (error !== undefined), 'negotiate was answered with', exchange.body.toString());
      if (token !== undefined) session.model.negotiated(token, this.#now());
    };
    this.#asked.push({ slot: session, ask: 'other', exchange, allowed: [200], answered });
  }

  #openWebSocket(step: StepOf<'webSocket' | 'events' | 'poll' | 'delete'>, beside: boolean): void {
    const slot = this.#slot(step.slot);
    const peer = new WebSocketPeer(this.#arena.connect, this.#target(slot), this.#fields(step), () => {});
    const answered = (status: number): void => {
      if (status === 101) slot.takenUpBy(peer);
    };
    this.#asked.push({
      slot,
      token: slot.model.token,
      ask: 'webSocket',
      exchange: peer.exchange,
      allowed: this.#allowed(slot, 'webSocket', beside),
      answered,
    });
  }

  #request(step: StepOf<'webSocket' | 'events' | 'poll' | 'delete' | 'other'>, beside: boolean): void {
    const { does: ask } = step;
    const slot = this.#slot(step.slot);
    const allowed = this.#allowed(slot, ask, beside);
    const fields = [...this.#fields(step), ...(ask === 'events' ? ['Accept: text/event-stream'] : [])];
    const method = { webSocket: 'GET', events: 'GET', poll: 'GET', delete: 'DELETE', other: ask === 'other' ? step.method : '' }[ask];
    const exchange = new Exchange(this.#arena.connect, requestBytes({ method, target: this.#target(slot), fields }));
    if (ask === 'poll') slot.poll(exchange);
    const answered = (status: number): void => {
      if (ask === 'events' && status === 200) slot.takenUpBy(exchange);
      if (ask === 'delete' && status === 202) slot.model.ended();
      if (ask === 'poll' && status === 204 && beside) slot.model.loose = true;
    };
    this.#asked.push({ slot, token: slot.model.token, ask, exchange, allowed, answered });
  }

  #post(step: StepOf<'post'>, beside: boolean): void {
    const slot = this.#slot(step.slot);
    const body = bytesOf(step.content);
    const whole = requestBytes({ method: 'POST', target: this.#target(slot), fields: this.#fields(step), body });
    const missing = Math.ceil(body.length * (1 - step.part));
    const allowed = [...this.#allowed(slot, 'post', beside), ...(missing > 0 ? [PENDING] : [])];
    const exchange = new Exchange(this.#arena.connect);
    for (const piece of cut(whole.subarray(0, whole.length - missing), step.cuts)) exchange.link.write(piece);
    slot.post(exchange);
    this.#mayFlood(slot, body);
    this.#asked.push({ slot, token: slot.model.token, ask: 'post', exchange, allowed });
  }

  #sendFrame(step: StepOf<'frame'>): void {
    const slot = this.#slot(step.slot);
    const payload = bytesOf(step.content);
    this.#mayFlood(slot, payload);
    const isMessage = step.opcode === TEXT || step.opcode === BINARY;
    slot.send(payload.toString('latin1'), !isMessage || step.content.edits.length > 0 || step.edits.length > 0);
    slot.webSocket?.exchange.link.write(mutate(frame(payload, step.opcode), step.edits));
  }

  #stallOrFlow({ does, slot }: StepOf<'stall' | 'flow'>): void {
    const { model, carrier } = this.#slot(slot);
    carrier?.link[does]();
    if (does === 'stall') model.loose = true;
  }

  #mayFlood({ model }: Slot, bytes: Buffer): void {
    if (/flood/i.test(bytes.toString('latin1'))) model.loose = true;
  }

  #allowed({ model }: Slot, ask: Ask, beside: boolean): readonly number[] {
    return beside ? model.allowedBeside(ask) : model.allowed(ask, this.#now());
  }

  #judge({ slot, token, ask, exchange, allowed, answered }: Asked): void {
    const { status, unreadable } = exchange;
    // It may still be under way where not everything has arrived, and cut before it came where more was sent than is taken.
    if (status === PENDING && (!this.#arena.settled || slot.model.loose)) return;
    expectThat(unreadable === undefined, 'an answer that can not be read:', unreadable);
    expectThat(allowed.includes(status), `${ask} was answered with ${status}, and not with any of`, allowed);
    // A POST that waited when its connection ended finds nobody, while polls are still told of the end.
    if (status === 404 && token !== undefined && ask !== 'post') slot.model.ended();
    answered?.(status);
  }

  #expectPollsInTime(): void {
    for (const { waitingSince } of this.#slots) {
      const waited = waitingSince === undefined ? 0 : this.#now() - waitingSince;
      expectThat(waited <= times.poll + LATENESS, 'a poll has had no answer for', waited);
    }
  }

  #slot(index: number): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) throw new Error(`There is no slot ${index}.`);
    return slot;
  }

  #target({ model, fate }: Slot): string {
    return `/hub?id=${model.token ?? 'nosuch'}${fate === '' ? '' : `&fate=${fate}`}`;
  }

  #fields({ late }: { readonly late: boolean }): readonly string[] {
    return late ? ['X-Late: 1'] : [];
  }
}

const title = 'whatever clients ask in whatever order, and however they go: every answer is one that their session allows';

export const scheduleProperties: readonly Property[] = [
  arenaProperty({ name: 'schedules', title, share: 120_000, few: 80 }, 'memory', (inArena) =>
    fc.asyncProperty(schedule, (bursts) => inArena((arena) => new Player(arena).play(bursts))),
  ),
  arenaProperty({ name: 'schedules-tcp', title: `${title}, over TCP`, share: 30_000, few: 25 }, 'tcp', (inArena) =>
    fc.asyncProperty(schedule, (bursts) => inArena((arena) => new Player(arena).play(bursts))),
  ),
];
