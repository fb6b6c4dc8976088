import { describe, expect, test } from 'vitest';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { Presence } from '../../src/redis/presence.ts';
import { readSignOfLife, writeSignOfLife } from '../../src/redis/sign-of-life.ts';

const settings = { heartbeatInterval: 5_000, serverTimeout: 15_000 };
/** After that long, silence has been noticed: the time-out, the next beat behind it, and two ticks of the wheel. */
const NOTICED = settings.serverTimeout + settings.heartbeatInterval + 500;

/** What servers say to each other reaches those that hear, unless the speaker or everyone is cut off. */
class Air {
  readonly clock = new FakeClock();
  readonly servers: Server[] = [];
  open = true;
  /** Who said something, in order. */
  readonly carried: string[] = [];

  server(name: string): Server {
    const server = new Server(name, this);
    this.servers.push(server);
    server.presence.begin();
    return server;
  }

  carry(payload: Buffer): void {
    this.carried.push(readSignOfLife(payload)?.server ?? '');
    if (this.open) for (const { reached, presence } of this.servers) if (reached) presence.take(payload);
  }

  /** Every server is told apart, and all that they were told so far is forgotten. */
  told(): Record<string, readonly string[]> {
    return Object.fromEntries(this.servers.map(({ name, told }) => [name, told.splice(0)]));
  }
}

class Server {
  readonly name: string;
  readonly presence: Presence;
  readonly told: string[] = [];
  /** Whether Redis reaches it, and it Redis. */
  reached = true;

  constructor(name: string, air: Air) {
    this.name = name;
    this.presence = new Presence({
      server: name,
      channel: 'c',
      commands: {
        connected: true,
        publish: async (_, payload) => {
          if (this.reached) air.carry(payload);
          return 0;
        },
      },
      wheel: new TimerWheel(air.clock),
      settings,
      told: { silent: (server) => this.told.push(`silent ${server}`), heard: (server) => this.told.push(`heard ${server}`) },
    });
  }
}

function three(): { air: Air; a: Server; b: Server; c: Server } {
  const air = new Air();
  const [a, b, c] = [air.server('a'), air.server('b'), air.server('c')];
  air.clock.advance(500);
  return { air, a, b, c };
}

describe('a server', () => {
  test('that falls silent is told of once, when its time-out is over, and so is its return', () => {
    const { air, c } = three();
    c.reached = false;
    air.clock.advance(settings.serverTimeout - 500);
    expect(air.told()).toEqual({ a: [], b: [], c: [] });
    air.clock.advance(NOTICED);
    expect(air.told()).toEqual({ a: ['silent c'], b: ['silent c'], c: [] });
    air.clock.advance(10 * NOTICED);
    expect(air.told()).toEqual({ a: [], b: [], c: [] });
    c.reached = true;
    air.clock.advance(NOTICED);
    expect(air.told()).toEqual({ a: ['heard c'], b: ['heard c'], c: [] });
    c.reached = false;
    air.clock.advance(NOTICED);
    expect(air.told()).toEqual({ a: ['silent c'], b: ['silent c'], c: [] });
  });

  test('that comes hears of those that are there at once, and many that come together are told once', () => {
    const air = new Air();
    const a = air.server('a');
    const newcomers = Array.from({ length: 20 }, (_, at) => air.server(`b${at}`));
    air.carried.length = 0;
    air.clock.advance(1_000);
    expect(air.carried.filter((name) => name === 'a')).toHaveLength(1);
    a.reached = false;
    air.clock.advance(NOTICED);
    for (const { told } of newcomers) expect(told).toEqual(['silent a']);
  });

  test('that says goodbye is missed by nobody', () => {
    const { air, c } = three();
    c.presence.close();
    c.presence.begin();
    air.clock.advance(3 * NOTICED);
    expect(air.told()).toEqual({ a: [], b: [], c: [] });
  });

  test('that says goodbye after it was silent has not ended without one', () => {
    const { air, c } = three();
    c.reached = false;
    air.clock.advance(NOTICED);
    c.reached = true;
    c.presence.close();
    air.clock.advance(3 * NOTICED);
    expect(air.told()).toEqual({ a: ['silent c', 'heard c'], b: ['silent c', 'heard c'], c: [] });
  });

  test.each([
    ['knows that it is', true],
    ['does not know that it is', false],
  ])('that is cut off, and %s, misses nobody, then and afterwards', (_, knows) => {
    const { air, a } = three();
    a.reached = false;
    if (knows) a.presence.pause();
    air.clock.advance(3 * NOTICED);
    a.reached = true;
    if (knows) a.presence.begin();
    air.clock.advance(3 * NOTICED);
    expect(air.told()).toEqual({ a: [], b: ['silent a', 'heard a'], c: ['silent a', 'heard a'] });
  });

  test('that fell silent while another was cut off has its whole time there, afterwards', () => {
    const { air, a, c } = three();
    a.reached = c.reached = false;
    a.presence.pause();
    air.clock.advance(3 * NOTICED);
    a.reached = true;
    a.presence.begin();
    air.clock.advance(settings.serverTimeout);
    expect(a.told).toEqual([]);
    air.clock.advance(NOTICED);
    expect(a.told).toEqual(['silent c']);
  });

  test('is missed by nobody while Redis is away, and has its whole time afterwards', () => {
    const { air, c } = three();
    air.open = false;
    air.clock.advance(3 * NOTICED);
    air.open = true;
    c.reached = false;
    air.clock.advance(settings.serverTimeout);
    expect(air.told()).toEqual({ a: [], b: [], c: [] });
    air.clock.advance(NOTICED);
    expect(air.told()).toEqual({ a: ['silent c'], b: ['silent c'], c: [] });
  });

  test('knows so many others at the most, and says no more of them', () => {
    const { air, a } = three();
    for (let made = 0; made < 12_000; made++) a.presence.take(writeSignOfLife({ kind: 'here', server: `made up ${made}` }));
    air.clock.advance(NOTICED);
    expect(a.told).toHaveLength(10_000 - 2);
    a.told.length = 0;
    // Of those that fell silent it remembers the last thousand.
    for (const server of ['made up 0', 'made up 9997']) a.presence.take(writeSignOfLife({ kind: 'here', server }));
    expect(a.told).toEqual(['heard made up 9997']);
  });
});

describe('a sign of life', () => {
  test('is an array of the version, its kind and the name, and more may follow', () => {
    expect(writeSignOfLife({ kind: 'here', server: 'abc' })).toEqual(Buffer.from('930101a3616263', 'hex'));
    expect(writeSignOfLife({ kind: 'gone', server: 'abc' })).toEqual(Buffer.from('930102a3616263', 'hex'));
    expect(readSignOfLife(Buffer.from('940101a3616263c0', 'hex'))).toEqual({ kind: 'here', server: 'abc' });
    expect(readSignOfLife(Buffer.from('930102a3616263', 'hex'))).toEqual({ kind: 'gone', server: 'abc' });
  });

  test.each([
    ['nothing', ''],
    ['no array', 'a3616263'],
    ['too few items', '920101'],
    ['another version', '930201a3616263'],
    ['another kind', '930103a3616263'],
    ['no name', '930101a0'],
    ['nil for a name', '930101c0'],
    ['half a name', '930101a36162'],
    ['a name that is none', `930101da0400${'61'.repeat(1_024)}`],
  ])('is not %s', (_, hex) => {
    expect(readSignOfLife(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
