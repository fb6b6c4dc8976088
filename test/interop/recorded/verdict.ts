import { expect } from 'vitest';
import type { Bindings } from './bindings.ts';
import { acknowledgedBy, isPing, type Inbox, type Received } from './inbox.ts';
import { bytesExpected, messagesExpected } from './payload.ts';
import type { Poller } from './poller.ts';
import type { FrameEvent, Payload, ResponseEvent, SessionEvent } from './session.ts';
import type { Answer } from './requests.ts';
import type { Tcp } from './tcp.ts';

/** What the server said. */
export type ServerEvent =
  | Extract<SessionEvent, { readonly at: 'server' }>
  | (Extract<SessionEvent, { readonly kind: 'ws-frame' | 'tcp-end' }> & { readonly at: 'server' });
type Head = Pick<Answer, 'status' | 'headers'>;

/** Waits until something is true; fails with what was wanted when it takes too long. */
type Until = (ready: () => boolean, wanted: () => string) => Promise<void>;

/** Waits for what the server said in the recording, and compares what this one says by its meaning. */
export class Verdict {
  readonly #bindings: Bindings;
  readonly #until: Until;
  /** Pings in the recording: when they come is the server's affair. */
  pings = 0;

  constructor(bindings: Bindings, until: Until) {
    this.#bindings = bindings;
    this.#until = until;
  }

  /** @throws Error for a difference */
  async on(event: ServerEvent, tcp: Tcp): Promise<void> {
    const { stream, socket } = tcp;
    switch (event.kind) {
      case 'http-response':
        return this.#response(event, tcp);
      case 'ws-frame':
        return this.#frame(event, tcp);
      case 'sse-comment':
        return this.#until(
          () => stream?.takeComment() === true,
          () => 'a comment',
        );
      case 'sse-event':
        await this.#received(event, present(stream).inbox);
        return undefined;
      case 'sse-end':
        return this.#until(
          () => stream?.ended === true,
          () => 'the end of the event stream',
        );
      case 'tcp-end':
        return this.#until(
          () => socket?.code !== undefined,
          () => 'the end of the WebSocket',
        );
    }
  }

  async #response(event: ResponseEvent, tcp: Tcp): Promise<void> {
    const exchange = tcp.open.shift();
    switch (exchange?.kind) {
      case 'plain':
        await this.#until(
          () => exchange.answer !== undefined,
          () => 'an answer',
        );
        if (exchange.answer) this.#whole(event, exchange.answer);
        return;
      case 'stream':
        await this.#until(
          () => exchange.stream.head !== undefined,
          () => 'an event stream',
        );
        if (exchange.stream.head) sameHead(event, exchange.stream.head);
        return;
      case 'socket':
        await this.#until(
          () => exchange.socket.status !== undefined,
          () => 'an answer to the upgrade',
        );
        expect(event.status, 'status').toContain(exchange.socket.status);
        return;
      case 'poll':
        await this.#poll(event, exchange.poller, exchange.again);
        return;
      case undefined:
        throw new Error('The recording has an answer without a request.');
    }
  }

  #whole(event: ResponseEvent, answer: Answer): void {
    sameHead(event, answer);
    const expected = bytesExpected(event, this.#bindings).toString();
    const actual = answer.body.toString();
    // Of several answers that would do, the recording has the body of none.
    if (event.status.length > 1) return;
    if (expected.startsWith('{')) this.#same(JSON.parse(expected), JSON.parse(actual));
    else expect(actual).toBe(expected);
  }

  /** However the server groups its messages into polls: this client polls until all have come. */
  async #poll(event: ResponseEvent, poller: Poller, again: () => void): Promise<void> {
    const expected = messagesExpected(event, this.#bindings);
    if (expected.length === 0) {
      await this.#until(
        () => poller.answers.length > 0,
        () => 'an answer to the poll',
      );
      const answer = poller.answers.shift();
      if (answer) sameHead(event, answer);
      expect(answer?.body.toString(), 'the poll').toBe('');
      return;
    }
    const ready = (): boolean => {
      if (poller.inbox.unread.length >= expected.length) return true;
      again();
      return false;
    };
    await this.#until(ready, () => `${expected.length} messages; there are ${shown(poller.inbox)}`);
    for (const answer of poller.answers.splice(0)) sameHead(event, answer);
    this.#messages(expected, poller.inbox);
  }

  async #frame(event: FrameEvent, tcp: Tcp): Promise<void> {
    const socket = present(tcp.socket);
    // Once the client has closed, the server's last words may or may not come out first.
    if (socket.closing) return;
    if (event.closeCode !== undefined) {
      await this.#until(
        () => socket.code !== undefined,
        () => 'a close frame',
      );
      expect(socket.code, 'close code').toBe(event.closeCode);
      return;
    }
    const received = await this.#received(event, socket.inbox);
    for (const { binary } of received) expect(binary, 'a binary frame').toBe(event.opcode === 2);
  }

  async #received(payload: Payload, inbox: Inbox): Promise<readonly Received[]> {
    const all = messagesExpected(payload, this.#bindings);
    const acknowledged = all.map(acknowledgedBy).filter((id) => id !== undefined);
    const pings = all.filter(isPing).length;
    const expected = all.filter((message) => !isPing(message) && acknowledgedBy(message) === undefined);
    this.pings += pings;
    for (const id of acknowledged) await this.#acknowledged(id, inbox);
    await this.#until(
      () => inbox.unread.length >= expected.length,
      () => `${expected.length} messages; there are ${shown(inbox)}`,
    );
    return this.#messages(expected, inbox);
  }

  /** Whether in one ack or in several. */
  async #acknowledged(id: number, inbox: Inbox): Promise<void> {
    await this.#until(
      () => inbox.acknowledged >= id,
      () => `an ack of ${id}; the last was of ${inbox.acknowledged}`,
    );
    expect(inbox.acknowledged, 'what is acknowledged').toBe(id);
  }

  #messages(expected: readonly unknown[], inbox: Inbox): readonly Received[] {
    const received = inbox.take(expected.length);
    expected.forEach((message, i) => this.#same(message, received[i]?.message));
    return received;
  }

  #same(expected: unknown, actual: unknown): void {
    expect(actual).toStrictEqual(this.#bindings.learn(expected, actual));
  }
}

function present<Link>(link: Link | undefined): Link {
  if (link === undefined) throw new Error('The recording has an answer on a TCP connection that was asked for none of its kind.');
  return link;
}

function sameHead(event: ResponseEvent, { status, headers }: Head): void {
  expect(event.status, 'status').toContain(status);
  for (const [name, value] of Object.entries(event.headers)) expect(headers[name.toLowerCase()], name).toBe(value);
}

const shown = (inbox: Inbox): string => JSON.stringify(inbox.unread.map(({ message }) => message));
