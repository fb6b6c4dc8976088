import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { calling, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import type { ServiceRig } from './rig.ts';

/** A client and its app server that do no harm, and are to notice none. */
class Pair {
  readonly #server: ScriptedServer;
  readonly #client: RawClient;
  readonly #connectionId: string;
  /** All that the client is to have heard. */
  readonly #expected: unknown[] = [{}];

  private constructor(server: ScriptedServer, client: RawClient, connectionId: string) {
    this.#server = server;
    this.#client = client;
    this.#connectionId = connectionId;
  }

  static async in(rig: ServiceRig, hub: string): Promise<Pair> {
    const server = await ScriptedServer.connect(rig, { hub, serverId: `bystander-${hub}` });
    const claims = { 'asrs.s.sn': server.serverId, 'asrs.s.ssticky': 'Required', 'asrs.s.uid': 'ann' };
    const client = await RawClient.connect(rig, { hub, claims });
    const { connectionId } = await server.accept();
    server.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
    await server.next('ack');
    await client.hears(1);
    return new Pair(server, client, connectionId);
  }

  get connectionId(): string {
    return this.#connectionId;
  }

  /** Something for the client that the test itself sends. */
  expects(message: object): void {
    this.#expected.push(message);
  }

  /** Both hear each other, nothing of anybody else, and nobody has left. */
  async check(): Promise<void> {
    const [word, answer] = [calling(randomUUID()), calling(randomUUID())];
    this.#client.say(word);
    expect(JSON.parse((await this.#server.heard(this.#connectionId)).replace('\u001e', ''))).toEqual(word);
    this.#server.tell(this.#connectionId, answer);
    this.#expected.push(answer);
    expect(await this.#client.hears(this.#expected.length)).toEqual(this.#expected);
    expect(this.#server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
    expect([this.#server.closed, this.#client.closed]).toEqual([undefined, undefined]);
  }
}

/** One pair in the hub where the harm is done, and one in another; both clients are the user ann, in the group g. */
export class Bystanders {
  readonly here: Pair;
  readonly elsewhere: Pair;

  private constructor(here: Pair, elsewhere: Pair) {
    this.here = here;
    this.elsewhere = elsewhere;
  }

  static async of(rig: ServiceRig): Promise<Bystanders> {
    return new Bystanders(await Pair.in(rig, 'chat'), await Pair.in(rig, 'other'));
  }

  async unharmed(): Promise<void> {
    await this.here.check();
    await this.elsewhere.check();
  }
}

/** The claims with which a client comes to one app server and no other. */
export const stickTo = ({ serverId }: ScriptedServer): Record<string, string> => ({
  'asrs.s.sn': serverId,
  'asrs.s.ssticky': 'Required',
});
