import { describe, expect, test } from 'vitest';
import { Inbox } from '../../src/transport/inbox.ts';
import { tick } from './application.ts';

/** Writes down what it is told. */
function teller(said: string[], received: (chunk: string) => void = () => {}): Parameters<Inbox['receive']>[0] {
  return {
    received: (chunk) => {
      said.push(`[${chunk.toString()}`);
      received(chunk.toString());
      said.push(']');
    },
    drained: () => said.push('drained'),
    closed: (error) => said.push(`closed ${error?.message ?? 'well'}`),
  };
}

const chunk = (text: string): Buffer => Buffer.from(text);
describe('an inbox', () => {
  test('keeps what comes before anybody listens, and while paused', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.take(chunk('a'));
    inbox.take(chunk('bc'));
    expect(inbox.bytes).toBe(3);
    inbox.receive(teller(said));
    inbox.pause();
    inbox.take(chunk('d'));
    expect(said.join('')).toBe('[abc]');
    expect(inbox.bytes).toBe(1);
    inbox.resume();
    inbox.resume();
    expect(said.join('')).toBe('[abc][d]');
    expect(inbox.bytes).toBe(0);
  });

  test('keeps copies', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    const bytes = chunk('a');
    inbox.take(bytes);
    bytes.fill('x');
    inbox.receive(teller(said));
    expect(said.join('')).toBe('[a]');
  });

  test('does not tell of a chunk inside another', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.receive(
      teller(said, (text) => {
        if (text !== 'a') return;
        inbox.pause();
        inbox.take(chunk('b'));
        inbox.take(chunk('c'));
        inbox.resume();
      }),
    );
    inbox.take(chunk('a'));
    expect(said.join('')).toBe('[a][bc]');
  });

  test('stops when it is paused while it tells', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.take(chunk('a'));
    inbox.receive(
      teller(said, (text) => {
        if (text !== 'a') return;
        inbox.take(chunk('b'));
        inbox.pause();
      }),
    );
    expect(said.join('')).toBe('[a]');
    inbox.resume();
    expect(said.join('')).toBe('[a][b]');
  });

  test('keeps any number of small chunks in their bytes', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    const text = Array.from({ length: 5_000 }, (_, i) => String(i % 10)).join('');
    for (const byte of text) inbox.take(chunk(byte));
    expect(inbox.bytes).toBe(text.length);
    inbox.receive(teller(said));
    expect(said).toEqual([`[${text}`, ']']);
  });

  test('ends behind what waits', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.receive(teller(said));
    inbox.pause();
    inbox.take(chunk('a'));
    inbox.end(undefined);
    inbox.end(new Error('later'));
    inbox.take(chunk('too late'));
    expect(said).toEqual([]);
    inbox.resume();
    inbox.resume();
    expect(said.join('')).toBe('[a]closed well');
  });

  test('ends at once when paused with nothing waiting', () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.receive(teller(said));
    inbox.pause();
    inbox.end(new Error('why'));
    expect(said).toEqual(['closed why']);
  });

  test('stops without what waits, and not inside the call', async () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.receive(teller(said));
    inbox.pause();
    inbox.take(chunk('a'));
    inbox.stop(new Error('why'));
    expect(said).toEqual([]);
    await tick();
    inbox.stop(undefined);
    inbox.resume();
    await tick();
    expect(said).toEqual(['closed why']);
  });

  test('stopped inside `received` tells nothing more but the end', async () => {
    const inbox = new Inbox();
    const said: string[] = [];
    inbox.take(chunk('a'));
    inbox.receive(
      teller(said, () => {
        inbox.take(chunk('b'));
        inbox.stop(undefined);
      }),
    );
    await tick();
    expect(said.join('')).toBe('[a]closed well');
  });
});
