import { Link } from '../redis/link.ts';
import { guests, SERVERS } from './audiences.ts';
import type { Report } from './checker.ts';
import { now, within } from './clock.ts';
import { GuestClient } from './guest-client.ts';
import { Journal } from './journal.ts';
import type { Leftovers } from './leftovers.ts';
import type { FromServer, Told } from './messages.ts';
import { RedisProcess } from './redis-process.ts';
import { ServerProcess } from './server-process.ts';

/** Messages a second to each audience of each server. */
const RATE = 10;
const LONGEST_INTRODUCTION = 3_000;
const LONGEST_ENTRANCE = 20_000;

export interface FarmOptions {
  /** What Redis is told besides its place. */
  readonly redisArgs: readonly string[];
  /** Of the backplanes. */
  readonly backplane: Readonly<Record<string, unknown>>;
}

/** Three servers, each with a link of its own to one Redis, and their guests. */
export class Farm {
  readonly journal = new Journal();
  /** What backplanes told. */
  readonly told: Told[] = [];
  readonly redis: RedisProcess;
  readonly #links: readonly Link[];
  readonly #options: FarmOptions;
  readonly #leftovers: Leftovers;
  readonly #servers: ServerProcess[] = [];
  readonly #lives: number[] = [];
  readonly #crashes: string[] = [];
  readonly #guests: readonly GuestClient[];
  readonly #away = new Set<GuestClient>();
  /** The processes of servers, by what servers call each other. */
  readonly #names = new Map<string, string>();
  /** Who was at processes that were ended, and when that was, by their names. */
  readonly #ended = new Map<string, Pick<Report, 'clients' | 'ended'>>();
  readonly #introduced = new Map<ServerProcess, number>();
  #round = 0;
  #load = { rate: 0, weight: 0 };

  private constructor(redis: RedisProcess, links: readonly Link[], options: FarmOptions, leftovers: Leftovers) {
    this.redis = redis;
    this.#links = links;
    this.#options = options;
    this.#leftovers = leftovers;
    const listener = {
      received: (delivery: Parameters<Journal['received']>[0]) => this.journal.received(delivery),
      left: (guest: GuestClient) => this.#left(guest),
      entered: (guest: GuestClient) => this.#entered(guest),
    };
    this.#guests = guests.map((guest) => new GuestClient(guest, () => this.#urlsFor(guest.home), listener));
  }

  /** Resolves when everyone is in and knows everyone. */
  static async open(options: FarmOptions, leftovers: Leftovers): Promise<Farm> {
    const redis = await RedisProcess.start(options.redisArgs, leftovers);
    const links = await Promise.all(Array.from({ length: SERVERS }, () => Link.to(redis.port)));
    const farm = new Farm(redis, links, options, leftovers);
    leftovers.add(() => {
      for (const link of links) link.close();
      for (const guest of farm.#guests) void guest.close();
    });
    for (let server = 0; server < SERVERS; server++) farm.#spawn(server);
    await Promise.all(farm.#servers.map((server) => server.ready()));
    if (!(await within(LONGEST_ENTRANCE, () => farm.connected))) throw new Error('the servers do not connect to Redis');
    const entering = Promise.all(farm.#guests.map((guest) => guest.enter()));
    if (!(await within(LONGEST_ENTRANCE, () => farm.#guests.every(({ id }) => id !== '')))) throw new Error('the clients do not come in');
    await entering;
    await farm.#introduce();
    return farm;
  }

  /** Whether all servers that live say that they are. */
  get connected(): boolean {
    return this.#servers.every(({ alive, state }) => !alive || state === 'connected');
  }

  /** Whether every guest has a connection. */
  get complete(): boolean {
    return this.#away.size === 0;
  }

  /** How processes ended that nobody ended. */
  get crashes(): readonly string[] {
    return [...this.#crashes, ...this.#servers.flatMap(({ crash }) => crash ?? [])];
  }

  /** @param weight - characters beside the number of each message */
  load(on: boolean, weight = 0): void {
    this.#load = { rate: on ? RATE : 0, weight };
    for (const server of this.#servers) server.tell({ kind: 'load', ...this.#load });
  }

  links(which: readonly number[] = [...this.#links.keys()]): readonly Link[] {
    return which.flatMap((index) => this.#links[index] ?? []);
  }

  server(index: number): ServerProcess {
    const server = this.#servers[index];
    if (server === undefined) throw new Error(`there is no server ${index}`);
    return server;
  }

  /** Ends a server, whose guests go elsewhere. */
  async end(index: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const server = this.server(index);
    this.#ended.set(server.name, { clients: this.#guestsAt(server), ended: now() });
    await server.end(signal);
    if (signal === 'SIGKILL') this.journal.killed(server.name);
  }

  /** Starts a server that was ended, under load as the others. */
  async restart(index: number): Promise<void> {
    if (this.#servers[index]?.crash !== undefined) this.#crashes.push(this.#servers[index].crash);
    const server = this.#spawn(index);
    await server.ready();
    await this.#introduce();
    server.tell({ kind: 'load', ...this.#load });
  }

  /** Has all guests of a server give up their connections, and come back: the first of them are the first in their groups there. */
  async changeGuests(index: number): Promise<void> {
    const { url } = this.server(index);
    await Promise.all(this.#guests.filter((guest) => guest.url === url).map((guest) => guest.leave()));
  }

  /** Another Redis, which ends with the farm. */
  startRedis(...args: readonly string[]): Promise<RedisProcess> {
    return RedisProcess.start(args, this.#leftovers);
  }

  async close(): Promise<void> {
    const leaving = this.#guests.map((guest) => guest.close());
    // One that is stopped would not let its guests go.
    for (const server of this.#servers) server.kill();
    await Promise.all([...leaving, this.redis.stop()]);
    for (const link of this.#links) link.close();
    this.#leftovers.clear();
  }

  #spawn(server: number): ServerProcess {
    const life = (this.#lives[server] ?? 0) + 1;
    const redisUrl = this.#links[server]?.url ?? '';
    const process = new ServerProcess({ server, life, redisUrl, options: this.#options.backplane }, (message) =>
      this.#listen(process, message),
    );
    this.#leftovers.add(() => process.kill());
    this.journal.open(process.name, server);
    this.#lives[server] = life;
    this.#servers[server] = process;
    return process;
  }

  #listen(from: ServerProcess, message: FromServer): void {
    if (message.kind === 'told') this.#note(from, message);
    else if (message.kind === 'named') this.#names.set(message.server, from.name);
    else if (message.kind === 'introduced') this.#introduced.set(from, message.round);
    else this.journal.told(from.name, message, now());
  }

  #note(from: ServerProcess, told: Told): void {
    this.told.push(told);
    const { event, at } = told;
    if (event === 'silent' || event === 'heard') {
      const publisher = this.#names.get(told.server ?? '') ?? 'nobody';
      return this.journal.reported({ what: event, publisher, clients: [], at, ...this.#ended.get(publisher) });
    }
    const report = { publisher: from.name, clients: this.#guestsAt(from), at };
    if (event === 'lost') this.journal.reported({ ...report, what: 'gaveUp' });
    else if (told.recovered === false) this.journal.reported({ ...report, what: 'missed' });
  }

  #guestsAt({ url }: ServerProcess): readonly string[] {
    return this.#guests.filter((guest) => guest.url === url).map(({ guest }) => guest.name);
  }

  #urlsFor(home: number): readonly string[] {
    const order = Array.from({ length: SERVERS }, (_, offset) => this.#servers[(home + offset) % SERVERS]);
    return order.flatMap((server) => (server?.alive && server.url !== '' ? server.url : []));
  }

  #left(guest: GuestClient): void {
    this.#away.add(guest);
    this.journal.left(guest.guest.name, now());
  }

  async #entered(guest: GuestClient): Promise<void> {
    if (!this.#away.has(guest)) return;
    await this.#introduce();
    this.#away.delete(guest);
    this.journal.back(guest.guest.name, now());
  }

  /** Tells every server the ids of all guests, and waits until it knows; not for long, where it is stopped. */
  async #introduce(): Promise<void> {
    const round = ++this.#round;
    const ids = Object.fromEntries(this.#guests.map(({ guest, id }) => [guest.name, id]));
    for (const server of this.#servers) server.tell({ kind: 'introduce', round, ids });
    await within(LONGEST_INTRODUCTION, () =>
      this.#servers.every((server) => !server.alive || (this.#introduced.get(server) ?? 0) >= round),
    );
  }
}
