import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { until } from '../../redis/farm.ts';
import { MixedClient } from './client.ts';
import { Ids } from './ids.ts';
import { startMixedServer, type MixedServer } from './server.ts';
import { Traffic } from './traffic.ts';
import { meaning, questionOf, type ClientEvent, type Transcript, type WireEvent } from './transcript.ts';

/** Milliseconds to wait for what no event tells. */
const PATIENCE = 30_000;
const CHANNEL = /:(?:all$|connection:|user:|group:|internal:(?:groups$|ack:|return:))/;

type Publish = Extract<WireEvent, { readonly publishes: string }>;

/**
 * Plays a transcript to a server of ours: its clients do what they did, and the other server says what it said, byte for byte but for ids. What ours says
 * has to mean what it meant, and its clients have to hear and get what they heard and got.
 */
export class Player {
  readonly #transcript: Transcript;
  readonly #server: MixedServer;
  readonly #traffic: Traffic;
  readonly #ids = new Ids();
  readonly #clients = new Map<string, MixedClient>();
  readonly #calls = new Map<string, Promise<unknown>>();
  /** The other server, as Redis sees it: who speaks, and who listens. */
  readonly #speaker: Redis;
  readonly #listener: Redis;
  /** What of ours was compared: as many of what it published, and these subscriptions. */
  #published = 0;
  readonly #subscribed = new Map<string, number>();

  constructor(transcript: Transcript, server: MixedServer, traffic: Traffic, redisUrl: string) {
    this.#transcript = transcript;
    this.#server = server;
    this.#traffic = traffic;
    this.#speaker = new Redis(redisUrl, { connectionName: 'theirs' });
    this.#listener = new Redis(redisUrl, { connectionName: 'theirs' });
  }

  static async play(transcript: Transcript, redisUrl: string): Promise<void> {
    const traffic = await Traffic.of(redisUrl);
    const server = await startMixedServer(redisUrl, transcript.options);
    const player = new Player(transcript, server, traffic, redisUrl);
    try {
      await traffic.identify();
      await player.#learnServer();
      for (const { what, events } of transcript.steps)
        for (const event of events) await player.#play(event, `${what} ${JSON.stringify(event)}`);
      await player.#checkNothingMore();
    } finally {
      await player.#close();
    }
  }

  async #play(event: WireEvent | ClientEvent, label: string): Promise<void> {
    if ('server' in event) return event.server === 'ours' ? this.#expectOurs(event, label) : this.#sayTheirs(event);
    const { at, user, protocol, id } = this.#transcript.clients[event.client] ?? {};
    // What their clients did and heard was seen when it was recorded.
    if (at === 'theirs' || !user || !protocol || !id) return;
    if ('starts' in event) {
      const client = new MixedClient(this.#server.url, user, protocol);
      this.#clients.set(event.client, client);
      await client.connection.start();
      return this.#ids.learn(id, client.id);
    }
    return this.#playClient(event, this.#clients.get(event.client) as MixedClient, label);
  }

  async #playClient(event: ClientEvent, client: MixedClient, label: string): Promise<void> {
    if ('stops' in event) return client.connection.stop();
    if ('releases' in event) return client.release(event.releases);
    if ('calls' in event) {
      const call = client.connection.invoke<unknown>(event.calls, ...(this.#ids.value(event.with) as unknown[]));
      call.catch(() => undefined);
      this.#calls.set(event.client, call);
    } else if ('gets' in event) {
      expect((await this.#calls.get(event.client)) ?? null, label).toEqual(this.#ids.value(event.gets));
    } else if ('hears' in event) {
      await until(
        () => client.heard.length > 0,
        () => `Not heard: ${label}`,
        PATIENCE,
      );
      expect(client.heard.shift(), label).toEqual(this.#ids.value(event.hears));
    }
  }

  async #sayTheirs(event: WireEvent): Promise<void> {
    if ('subscribes' in event) await this.#listener.subscribe(this.#ids.text(event.subscribes));
    else if ('unsubscribes' in event) await this.#listener.unsubscribe(this.#ids.text(event.unsubscribes));
    else await this.#speaker.publish(this.#ids.text(event.on), this.#ids.bytes(event.publishes));
  }

  async #expectOurs(event: WireEvent, label: string): Promise<void> {
    if ('publishes' in event) return this.#expectPublish(event, label);
    const [verb, channel] = 'subscribes' in event ? ['subscribes', event.subscribes] : ['unsubscribes', event.unsubscribes];
    const key = `${verb} ${this.#ids.text(channel)}`;
    const before = this.#subscribed.get(key) ?? 0;
    this.#subscribed.set(key, before + 1);
    await until(
      () => this.#changes(key) > before,
      () => `Did not happen: ${label}`,
      PATIENCE,
    );
  }

  async #expectPublish({ publishes, on }: Publish, label: string): Promise<void> {
    await until(
      () => this.#ours().length > this.#published,
      () => `Was not published: ${label}`,
      PATIENCE,
    );
    const said = this.#ours()[this.#published++] as Publish;
    const recorded = meaning(on, Buffer.from(publishes, 'latin1'));
    const live = meaning(said.on, Buffer.from(said.publishes, 'latin1'));
    const [question, asked] = [questionOf(recorded), questionOf(live)];
    if (question !== undefined && asked !== undefined) this.#ids.learn(question, asked);
    expect({ on: said.on, says: live }, label).toEqual({ on: this.#ids.text(on), says: this.#ids.value(recorded) });
    if (this.#transcript.options.catchUp === false) expect(said.publishes, label).toBe(this.#ids.text(publishes));
  }

  /** Every transcript ends with messages that all hear: what was not heard and said by then never will be. */
  async #checkNothingMore(): Promise<void> {
    await this.#traffic.flush();
    expect(this.#ours().slice(this.#published), 'said by our server, and not recorded').toEqual([]);
    for (const [name, { heard }] of this.#clients) expect(heard, `heard by ${name}, and not recorded`).toEqual([]);
    expect(this.#server.backplane.foreignPayloads).toBe(0);
  }

  /** The name of our server stands in the channel on which it hears acks. */
  async #learnServer(): Promise<void> {
    const find = (): string | undefined =>
      this.#traffic.events
        .map((event) => ('subscribes' in event && event.server === 'ours' ? /:internal:ack:(.*)$/.exec(event.subscribes)?.[1] : undefined))
        .find((name) => name !== undefined);
    await until(
      () => find() !== undefined,
      () => 'Our server did not subscribe.',
      PATIENCE,
    );
    this.#ids.learn(this.#transcript.servers.ours, find() as string);
  }

  /** What our server published where .NET servers may listen. */
  #ours(): readonly Publish[] {
    return this.#traffic.events.filter(
      (event): event is Publish => 'publishes' in event && event.server === 'ours' && CHANNEL.test(event.on),
    );
  }

  #changes(key: string): number {
    return this.#traffic.events.filter((event) => {
      if (event.server !== 'ours' || 'publishes' in event) return false;
      return key === ('subscribes' in event ? `subscribes ${event.subscribes}` : `unsubscribes ${event.unsubscribes}`);
    }).length;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(({ connection }) => connection.stop()));
    await this.#server.close();
    this.#speaker.disconnect();
    this.#listener.disconnect();
    this.#traffic.close();
  }
}
