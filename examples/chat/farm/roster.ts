import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import type { Guest, Message, Room, Rooms } from '../rooms.ts';
import { readNotice, type Notice } from './notices.ts';

export interface RosterOptions {
  readonly redisUrl: string;
  /** The name of this server, for people. */
  readonly server: string;
  readonly rooms: Rooms;
}

export interface RosterEvents {
  /** Servers came or went. */
  readonly servers: [];
  /** There are others in these rooms now. */
  readonly people: [rooms: readonly Room[]];
}

/** What is known of another server. */
interface Peer {
  readonly server: string;
  readonly heardAt: number;
}

const CHANNEL = 'signalbox-chat:roster';
const TELL_EVERY = 2000;
/** Milliseconds after which a server that is silent has ended. */
const FORGET_AFTER = 3 * TELL_EVERY;
const MOST_PEERS = 32;

const clientOptions = {
  // What can't be told now is told with the next presence.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1000),
} satisfies RedisOptions;

/**
 * Keeps the rooms of several servers alike. The hub reaches clients everywhere, but who is in a room, and what was said, is the application's own
 * state: each server has a copy, and tells the others what changes in its own part. Without Redis it goes on with what it knows.
 */
export class Roster {
  readonly events = new EventEmitter<RosterEvents>();
  readonly #id = randomUUID();
  readonly #options: RosterOptions;
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #peers = new Map<string, Peer>();
  readonly #timer: NodeJS.Timeout;
  #due = false;

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#publisher = new Redis(options.redisUrl, clientOptions);
    this.#subscriber = new Redis(options.redisUrl, { ...clientOptions, autoResubscribe: false });
    // Both try again by themselves; that Redis is away is told by the hub's backplane.
    for (const client of [this.#publisher, this.#subscriber]) client.on('error', () => undefined);
    this.#subscriber.on('ready', () => void this.#subscriber.subscribe(CHANNEL).then(() => this.#tellEverything(true), ignore));
    this.#publisher.on('ready', () => this.#tellEverything(true));
    this.#subscriber.on('message', (_, payload: string) => this.#heard(payload));
    options.rooms.events.on('people', () => this.#tellPeopleSoon());
    options.rooms.events.on('history', (room, message) => this.#tellHistory(room, message === undefined ? [] : [message]));
    this.#timer = setInterval(() => {
      this.#tellPeople(false);
      this.#forgetTheSilent();
    }, TELL_EVERY);
    this.#timer.unref();
  }

  /** The servers that are heard of, this one included. */
  get servers(): readonly string[] {
    const others = [...this.#peers.values()].map(({ server }) => server);
    return [this.#options.server, ...others].toSorted();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tell({ kind: 'farewell', from: this.#id });
    this.#publisher.disconnect();
    this.#subscriber.disconnect();
  }

  #heard(payload: string): void {
    const notice = readNotice(payload);
    if (notice === undefined || notice.from === this.#id) return;
    if (notice.kind === 'presence') this.#present(notice);
    else if (notice.kind === 'farewell') this.#forget(notice.from);
    else this.#remember(notice);
  }

  #remember({ room, clearedAt, messages }: Notice & { kind: 'history' }): void {
    this.#roomNamed(room)?.merge(clearedAt, messages);
  }

  #present({ from, server, asks, rooms }: Notice & { kind: 'presence' }): void {
    const isNew = !this.#peers.has(from);
    if (isNew && this.#peers.size >= MOST_PEERS) return;
    this.#peers.set(from, { server, heardAt: performance.now() });
    const seated = new Map(rooms.flatMap(({ name, guests }) => this.#seats(name, guests)));
    const all = new Set([...this.#options.rooms.all, ...seated.keys()]);
    const changed = [...all].filter((room) => room.seat(from, seated.get(room) ?? []));
    if (changed.length > 0) this.events.emit('people', changed);
    if (isNew) this.events.emit('servers');
    if (asks) this.#tellEverything(false);
  }

  #seats(name: string, guests: readonly Guest[]): readonly (readonly [Room, readonly Guest[]])[] {
    const room = this.#roomNamed(name);
    return room === undefined ? [] : [[room, guests]];
  }

  #forgetTheSilent(): void {
    const latest = performance.now() - FORGET_AFTER;
    for (const [id, { heardAt }] of this.#peers) if (heardAt < latest) this.#forget(id);
  }

  #forget(id: string): void {
    if (!this.#peers.delete(id)) return;
    const changed = this.#options.rooms.all.filter((room) => room.seat(id, []));
    if (changed.length > 0) this.events.emit('people', changed);
    this.events.emit('servers');
  }

  /** Undefined where there are too many rooms. */
  #roomNamed(name: string): Room | undefined {
    try {
      return this.#options.rooms.open(name);
    } catch {
      return undefined;
    }
  }

  #tellEverything(asks: boolean): void {
    this.#tellPeople(asks);
    for (const room of this.#options.rooms.all) if (room.history.length > 0 || room.clearedAt > 0) this.#tellHistory(room, room.history);
  }

  /** Who moves from one room to another has changed two. */
  #tellPeopleSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#tellPeople(false);
    });
  }

  #tellPeople(asks: boolean): void {
    const { rooms, server } = this.#options;
    const taken = rooms.all
      .map(({ name, ownMembers }) => ({ name, guests: ownMembers.map((guest) => ({ ...guest, server })) }))
      .filter(({ guests }) => guests.length > 0);
    void this.#tell({ kind: 'presence', from: this.#id, server, asks, rooms: taken });
  }

  #tellHistory({ name, clearedAt }: Room, messages: readonly Message[]): void {
    void this.#tell({ kind: 'history', from: this.#id, room: name, clearedAt, messages: [...messages] });
  }

  async #tell(notice: Notice): Promise<void> {
    if (this.#publisher.status === 'ready') await this.#publisher.publish(CHANNEL, JSON.stringify(notice)).catch(ignore);
  }
}

const ignore = (): void => undefined;
