import { randomUUID } from 'node:crypto';
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

export interface Member {
  readonly connectionId: string;
  readonly nickname: string;
  readonly transport: TransportName;
  /** A secret of the browser tab: whoever shows it again, after a reload or a cut, takes over the nickname. */
  readonly seat: string;
}

/** A member as the others see it. */
export type Person = Pick<Member, 'nickname' | 'transport'>;

export interface RoomSummary {
  readonly name: string;
  readonly people: number;
}

export class Room {
  readonly name: string;
  /** Whether its members are being asked something. */
  voting = false;
  readonly #members = new Map<string, Member>();
  #history: Message[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** The name of the hub's group for this room. */
  get group(): string {
    return `room:${this.name}`;
  }

  get size(): number {
    return this.#members.size;
  }

  get history(): readonly Message[] {
    return this.#history;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  get people(): readonly Person[] {
    const people = this.members.map(({ nickname, transport }) => ({ nickname, transport }));
    return people.toSorted((a, b) => a.nickname.localeCompare(b.nickname));
  }

  find(nickname: string): Member | undefined {
    return this.members.find((member) => sameName(member.nickname, nickname));
  }

  /**
   * Takes a member in. Returns whether anybody new came: not for one who takes over the seat of an earlier connection.
   *
   * @throws HubError when the nickname is someone else's or the room is full
   */
  enter(member: Member): boolean {
    const holder = this.find(member.nickname);
    if (holder && holder.seat !== member.seat) {
      throw new HubError(`Someone in #${this.name} is called ${holder.nickname} already. Pick another name.`);
    }
    if (!holder && this.size >= limits.members) throw new HubError(`#${this.name} is full.`);
    if (holder) this.#members.delete(holder.connectionId);
    this.#members.set(member.connectionId, member);
    return holder === undefined;
  }

  /** Returns who left; nobody, where another connection took over the seat. */
  leave(connectionId: string): Member | undefined {
    const member = this.#members.get(connectionId);
    this.#members.delete(connectionId);
    return member;
  }

  post(from: string, text: string): Message {
    const message = { id: randomUUID(), from, text, at: Date.now() };
    this.#history.push(message);
    if (this.#history.length > limits.history) this.#history.shift();
    return message;
  }

  clear(): void {
    this.#history = [];
  }
}

export class Rooms {
  readonly #rooms = new Map(['lobby', 'hallway', 'backstage'].map((name) => [name, new Room(name)]));

  get summaries(): readonly RoomSummary[] {
    return [...this.#rooms.values()].map(({ name, size }) => ({ name, people: size }));
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
    const room = new Room(name);
    this.#rooms.set(name, room);
    return room;
  }

  #closeEmpty(): void {
    const empty = [...this.#rooms.values()].find(({ name, size }) => size === 0 && name !== 'lobby');
    if (!empty) throw new HubError('There are too many rooms. Join one that exists.');
    this.#rooms.delete(empty.name);
  }
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
