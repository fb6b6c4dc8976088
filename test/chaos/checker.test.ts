import { describe, expect, test } from 'vitest';
import { check, type Evidence, type Received, type Report, type Sent, type Verdict } from './checker.ts';

const owed = ['a', 'b'];

function sent(number: number, change: Partial<Sent> = {}): Sent {
  const from = number * 100;
  return { publisher: 's0.1', audience: 0, number, from, until: from + 5, outcome: 'taken', owed, near: ['a'], ...change };
}

function received(client: string, number: number, change: Partial<Received> = {}): Received {
  return { client, publisher: 's0.1', audience: 0, number, at: number * 100 + 10, ...change };
}

/** Ten messages that came to both clients, from 100 to 1,000 ms; the cause of the fault was there from 300 to 600 ms. */
const messages = Array.from({ length: 10 }, (_, index) => sent(index + 1));
const arrivals = messages.flatMap(({ number }) => owed.map((client) => received(client, number)));
const clean: Evidence = { sent: messages, received: arrivals, absences: [], reports: [], broken: 300, healed: 600 };

function verdict(change: Partial<Evidence>): Verdict {
  return check({ ...clean, ...change });
}

describe('the checker', () => {
  test('finds nothing where all is well', () => {
    expect(verdict({})).toMatchObject({
      sent: 10,
      kept: 10,
      lost: [],
      lostDeliveries: 0,
      silent: 0,
      orphaned: 0,
      missedAway: 0,
      doubled: 0,
      disordered: 0,
      misdirected: 0,
      nearServed: 1,
      wholeAfter: 0,
    });
  });

  test('finds a message that one client lacks', () => {
    const { kept, lost, lostDeliveries, wholeAfter } = verdict({
      received: arrivals.filter(({ client, number }) => client !== 'b' || number !== 4),
      healed: 200,
    });
    expect({ kept, lost: lost.map(({ number }) => number), lostDeliveries }).toEqual({ kept: 9, lost: [4], lostDeliveries: 1 });
    expect(wholeAfter).toBe(200);
  });

  test('calls a loss silent, unless the publisher said that it gave up, or the servers of all who lack it that they missed something', () => {
    const without = arrivals.filter(({ number }) => number !== 7);
    const silent = (...reports: readonly Report[]): number => verdict({ received: without, reports }).silent;
    const missed = (clients: readonly string[], at = 800): Report => ({ what: 'missed', publisher: 's1.1', clients, at });
    const gaveUp = (publisher: string, at = 800): Report => ({ what: 'gaveUp', publisher, clients: [], at });
    expect(silent()).toBe(1);
    expect(silent(gaveUp('s0.1'))).toBe(0);
    expect(silent(missed(['a']), missed(['b', 'c']))).toBe(0);
    expect(silent(missed(['a']))).toBe(1);
    expect(silent(gaveUp('s1.1'))).toBe(1);
    expect(silent(gaveUp('s0.1', 600), missed(['a', 'b'], 600))).toBe(1);
  });

  test('does not call a loss silent if others said that its publisher fell silent, before or after it was sent, unless it was heard again', () => {
    const without = arrivals.filter(({ number }) => number !== 7);
    const silent = (...reports: readonly Report[]): number => verdict({ received: without, reports }).silent;
    const said = (what: 'silent' | 'heard', at: number, publisher = 's0.1'): Report => ({ what, publisher, clients: ['a'], at });
    expect(silent(said('silent', 800))).toBe(0);
    expect(silent(said('silent', 600))).toBe(0);
    expect(silent(said('silent', 800, 's1.1'))).toBe(1);
    expect(silent(said('silent', 800), said('heard', 900))).toBe(1);
    expect(silent(said('silent', 800), said('heard', 900), said('silent', 1_000))).toBe(0);
    expect(silent(said('heard', 800))).toBe(1);
  });

  test('does not call it silent, either, if all who lack it were at a server that fell silent, and had not ended before it was sent', () => {
    const without = arrivals.filter(({ number }) => number !== 7);
    const silent = (...reports: readonly Report[]): number => verdict({ received: without, reports }).silent;
    const said = (clients: readonly string[], ended?: number): Report => ({ what: 'silent', publisher: 's1.1', clients, at: 900, ended });
    expect(silent(said(['a', 'b'], 750))).toBe(0);
    expect(silent(said(['a', 'b'], 650))).toBe(1);
    expect(silent(said(['a', 'b']))).toBe(1);
    expect(silent(said(['a'], 750))).toBe(1);
    expect(silent(said(['a'], 750), { what: 'missed', publisher: 's2.1', clients: ['b'], at: 800 })).toBe(0);
    expect(silent(said(['a', 'b'], 750), { what: 'heard', publisher: 's1.1', clients: [], at: 950 })).toBe(1);
  });

  test('finds the last message of a row, behind which nothing comes', () => {
    expect(verdict({ received: arrivals.filter(({ number }) => number !== 10) })).toMatchObject({
      kept: 9,
      lostDeliveries: 2,
      wholeAfter: Infinity,
    });
  });

  test('finds a message that came twice, at once or later, and does not call it out of order', () => {
    expect(verdict({ received: [...arrivals, received('a', 3)] })).toMatchObject({ doubled: 1, disordered: 0, kept: 10 });
    expect(verdict({ received: arrivals.flatMap((one) => (one.number === 3 ? [one, one] : [one])) })).toMatchObject({ doubled: 2 });
  });

  test('finds messages in the wrong order, in a row and at a client', () => {
    const swapped = arrivals.map((one) =>
      one.client === 'a' && (one.number === 4 || one.number === 5) ? received('a', 9 - one.number) : one,
    );
    expect(verdict({ received: swapped })).toMatchObject({ disordered: 1, doubled: 0, kept: 10 });
  });

  test('lets rows and publishers overtake each other', () => {
    const others = [sent(1, { audience: 1 }), sent(1, { publisher: 's1.1' })];
    const late = others.flatMap(({ audience, publisher }) => owed.map((client) => received(client, 1, { audience, publisher })));
    expect(verdict({ sent: [...messages, ...others], received: [...arrivals, ...late] })).toMatchObject({ disordered: 0, kept: 12 });
  });

  test('finds a message at somebody whom it was not for, and one that nobody sent', () => {
    expect(verdict({ received: [...arrivals, received('c', 1)] })).toMatchObject({ misdirected: 1 });
    expect(verdict({ received: [...arrivals, received('a', 99)] })).toMatchObject({ misdirected: 1 });
    // It has come back since under another id, and was no longer the one to leave out.
    const misdirected = (until: number): number =>
      verdict({ received: [...arrivals, received('c', 5)], absences: [{ client: 'c', from: 100, until }] }).misdirected;
    expect([misdirected(400), misdirected(600)]).toEqual([1, 0]);
  });

  test('calls what was rejected refused, whether it arrived or not, and never lost', () => {
    const { refused, lost, kept, wholeAfter } = verdict({
      sent: messages.map((one) =>
        one.number < 4 || one.number > 5 ? one : { ...one, outcome: 'refused' as const, code: 'SIGNALBOX_REDIS_UNAVAILABLE' },
      ),
      received: arrivals.filter(({ number }) => number !== 4),
    });
    expect([...refused]).toEqual([['SIGNALBOX_REDIS_UNAVAILABLE', 2]]);
    expect({ lost, kept, wholeAfter }).toEqual({ lost: [], kept: 8, wholeAfter: 0 });
  });

  test('calls what nobody was told of lost, unless it arrived or its publisher was killed', () => {
    const pending = (outcome: 'unsettled' | 'orphaned'): Evidence['sent'] =>
      messages.map((one) => (one.number < 8 ? one : Object.assign(sent(one.number, { outcome }), { until: undefined })));
    const some = arrivals.filter(({ number }) => number < 9);
    expect(verdict({ sent: pending('unsettled'), received: some }).lost).toHaveLength(2);
    expect(verdict({ sent: pending('orphaned'), received: some })).toMatchObject({ lost: [], orphaned: 2, kept: 8 });
  });

  test('counts apart what a client missed while it was away', () => {
    const gone = arrivals.filter(({ client, number }) => client !== 'b' || number < 3 || number > 8);
    expect(verdict({ received: gone, absences: [{ client: 'b', from: 550, until: 850 }] })).toMatchObject({
      missedAway: 6,
      lost: [],
      wholeAfter: 250,
    });
    // It was back before the seventh was sent.
    const { lost, missedAway } = verdict({ received: gone, absences: [{ client: 'b', from: 550, until: 650 }] });
    expect({ lost: lost.map(({ number }) => number), missedAway }).toEqual({ lost: [7, 8], missedAway: 4 });
  });

  test('takes the time until everything is prompt again', () => {
    const late = arrivals.map((one) => (one.number === 4 ? received(one.client, 4, { at: 2_400 }) : one));
    expect(verdict({ received: late })).toMatchObject({ wholeAfter: 1_800, nearServed: 0.75 });
  });
});
