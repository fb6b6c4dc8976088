import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { HubError, type TransportName } from 'signalbox';

/** What a stranger can make this server remember is bounded here and nowhere else. */
export const limits = {
  /** Characters. */
  name: 24,
  text: 2000,
  rooms: 24,
  members: 100,
  /** Messages a room remembers. */
  history: 50,
  /** Lines of one upload, and the characters of each. */
  lines: 40,
  line: 120,
} as const;

export interface Message {
  readonly id: string;
  readonly from: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Grows while its author uploads lines. */
  text: string;
}

/** Someone in a room, at this server or another one of the farm. */
export interface Guest {
  readonly connectionId: string;
  readonly nickname: string;
  readonly transport: TransportName;
  /** Which server it is, in a farm. */
  readonly server?: string;
}

/** Someone whose connection is at this server. */
export interface Member extends Guest {
  /** A secret of the browser tab: whoever shows it again, after a reload or a cut, takes over the nickname. */
  readonly seat: string;
}

/** A member as the others see it. */
export type Person = Omit<Guest, 'connectionId'>;

export interface RoomSummary {
  readonly name: string;
  readonly people: number;
}

/** What the other servers of a farm have to be told. */
export interface RoomEvents {
  /** Somebody came to this server's part of a room, or left it. */
  readonly people: [];
  /** A message is new, or has grown, or a room was cleared (without a message). */
  readonly history: [room: Room, message?: Message];
}

export class Room {
  readonly name: string;
  /** Whether its members are being asked something. */
  voting = false;
  readonly #events: EventEmitter<RoomEvents>;
  readonly #members = new Map<string, Member>();
  /** Those at other servers, by the server's id. */
  readonly #elsewhere = new Map<string, readonly Guest[]>();
  #history: Message[] = [];
  #clearedAt = 0;

  constructor(name: string, events: EventEmitter<RoomEvents>) {
    this.name = name;
    this.#events = events;
  }

  /** The name of the hub's group for this room. */
  get group(): string {
    return `room:${this.name}`;
  }

  get size(): number {
    return this.members.length;
  }

  get history(): readonly Message[] {
    return this.#history;
  }

  /** When it was cleared last, in milliseconds since 1970. What is older is not in it. */
  get clearedAt(): number {
    return this.#clearedAt;
  }

  /** Those at this server. */
  get ownMembers(): readonly Guest[] {
    return [...this.#members.values()].map(guestOf);
  }

  /** Of the whole farm. */
  get members(): readonly Guest[] {
    return [...this.ownMembers, ...[...this.#elsewhere.values()].flat()];
  }

  get people(): readonly Person[] {
    return this.members.map(personOf).toSorted((a, b) => a.nickname.localeCompare(b.nickname));
  }

  find(nickname: string): Guest | undefined {
    return this.members.find((member) => sameName(member.nickname, nickname));
  }

  /**
   * Takes a member in. Returns whether anybody new came: not for one who takes over the seat of an earlier connection.
   *
   * @throws HubError when the nickname is someone else's or the room is full
   */
  enter(member: Member): boolean {
    const holder = this.find(member.nickname);
    // Two servers may take in two people of one name within the moment that it takes them to hear of each other. Then there are two.
    if (holder && this.#members.get(holder.connectionId)?.seat !== member.seat) {
      throw new HubError(`Someone in #${this.name} is called ${holder.nickname} already. Pick another name.`);
    }
    if (!holder && this.size >= limits.members) throw new HubError(`#${this.name} is full.`);
    if (holder) this.#members.delete(holder.connectionId);
    this.#members.set(member.connectionId, member);
    this.#events.emit('people');
    return holder === undefined;
  }

  /** Returns who left; nobody, where another connection took over the seat. */
  leave(connectionId: string): Member | undefined {
    const member = this.#members.get(connectionId);
    if (this.#members.delete(connectionId)) this.#events.emit('people');
    return member;
  }

  /** Takes note of who is in it at another server. Returns whether that is news. */
  seat(server: string, guests: readonly Guest[]): boolean {
    const before = this.#elsewhere.get(server) ?? [];
    if (guests.length === 0) this.#elsewhere.delete(server);
    else this.#elsewhere.set(server, guests);
    return before.map(({ connectionId }) => connectionId).join() !== guests.map(({ connectionId }) => connectionId).join();
  }

  post(from: string, text: string): Message {
    const message = { id: randomUUID(), from, text, at: Math.max(Date.now(), this.#clearedAt + 1) };
    this.#history.push(message);
    if (this.#history.length > limits.history) this.#history.shift();
    this.#events.emit('history', this, message);
    return message;
  }

  /** Adds a line to a message of its history. */
  extend(message: Message, line: string): void {
    message.text += `\n${line}`;
    this.#events.emit('history', this, message);
  }

  clear(): void {
    this.#history = [];
    this.#clearedAt = Date.now();
    this.#events.emit('history', this);
  }

  /** Takes over what another server knows of it: the later clearing, and the messages behind it, each at its longest. */
  merge(clearedAt: number, messages: readonly Message[]): void {
    this.#clearedAt = Math.max(this.#clearedAt, clearedAt);
    const merged = new Map(this.#history.map((message) => [message.id, message]));
    for (const message of messages) {
      const before = merged.get(message.id);
      if (before === undefined) merged.set(message.id, message);
      else if (message.text.length > before.text.length) before.text = message.text;
    }
    this.#history = [...merged.values()]
      .filter(({ at }) => at > this.#clearedAt)
      .toSorted((a, b) => a.at - b.at)
      .slice(-limits.history);
  }
}

export class Rooms {
  readonly events = new EventEmitter<RoomEvents>();
  /** Connections to this server, in a room or not. */
  readonly pages = new Set<string>();
  readonly #rooms = new Map(['lobby', 'hallway', 'backstage'].map((name) => [name, new Room(name, this.events)]));

  get all(): readonly Room[] {
    return [...this.#rooms.values()];
  }

  get summaries(): readonly RoomSummary[] {
    return this.all.map(({ name, size }) => ({ name, people: size }));
  }

  /**
   * The room of that name, opened if need be. A new one takes the place of the oldest empty one once there are too many.
   *
   * @throws HubError when all of them are in use
   */
  open(name: string): Room {
    const known = this.#rooms.get(name);
    if (known) return known;
    if (this.#rooms.size >= limits.rooms) this.#closeEmpty();
    const room = new Room(name, this.events);
    this.#rooms.set(name, room);
    return room;
  }

  #closeEmpty(): void {
    const empty = this.all.find(({ name, size }) => size === 0 && name !== 'lobby');
    if (!empty) throw new HubError('There are too many rooms. Join one that exists.');
    this.#rooms.delete(empty.name);
  }
}

function guestOf(member: Member): Guest {
  return { connectionId: member.connectionId, ...personOf(member) };
}

function personOf({ nickname, transport, server }: Guest): Person {
  return { nickname, transport, ...(server !== undefined && { server }) };
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
