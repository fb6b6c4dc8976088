import { describe, expect, it } from 'vitest';
import { Latency } from '../../src/metering/latency.ts';
import { ServerLink, type LinkedClient } from '../../src/service/server-link.ts';

const traits = {
  id: 'link',
  serverId: 'app',
  userAgent: '',
  kind: 'default',
  migrates: false,
  statefulReconnect: false,
  connectedAt: 0,
} as const;

/** A link whose app server takes nothing until it is told to, and a clock that stands still. */
class LinkUnderTest {
  now = 0;
  full = false;
  readonly seconds: number[] = [];
  readonly link = new ServerLink(traits, () => !this.full);
  #taken: (() => void) | undefined;

  constructor() {
    const latency = new Latency(() => this.now);
    latency.listen((_, __, seconds) => void this.seconds.push(seconds));
    this.link.timing = { probe: latency.hub('chat').toServer, connection: { whenTaken: (taken) => (this.#taken = taken) } };
  }

  client(connectionId: string): LinkedClient & { kept: boolean } {
    const { link } = this;
    const connection = { alive: this.now };
    const nothing = (): void => {};
    return {
      connectionId,
      connection,
      kept: false,
      hold: nothing,
      serverLost: nothing,
      migrate: nothing,
      release() {
        if (this.kept) link.relay(Buffer.from('kept'), this);
        this.kept = false;
      },
    };
  }

  /** The system takes everything. */
  take(): void {
    this.#taken?.();
    this.#taken = undefined;
  }
}

describe('the way of a message to its app server', () => {
  it('takes from when the client was read to when the system has taken it', () => {
    const test = new LinkUnderTest();
    test.now = 1_000;
    const client = test.client('a');
    test.now = 1_250;
    test.link.relay(Buffer.from('x'), client);
    expect(test.seconds).toEqual([]);
    test.now = 1_500;
    test.take();
    expect(test.seconds).toEqual([0.5]);
  });

  it('begins, for what was kept while the app server had enough, no later than that did', () => {
    const test = new LinkUnderTest();
    const [one, two] = [test.client('a'), test.client('b')];
    test.full = true;
    test.now = 2_000;
    test.link.relay(Buffer.from('x'), Object.assign(one, { connection: { alive: 2_000 } }));
    test.take();
    // The other one's message comes and is kept; later, it is still heard of.
    test.link.hold(two);
    two.kept = true;
    Object.assign(two, { connection: { alive: 4_000 } });
    test.full = false;
    test.now = 5_000;
    test.link.drained();
    test.now = 5_500;
    test.take();
    expect(test.seconds).toEqual([0, 3.5]);
    Object.assign(two, { connection: { alive: 6_000 } });
    test.now = 6_000;
    test.link.relay(Buffer.from('y'), two);
    test.take();
    expect(test.seconds).toEqual([0, 3.5, 0]);
  });
});
