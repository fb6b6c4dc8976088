import type { IncomingMessage } from 'node:http';
import type { Log, LogFields } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { answers, refused, type Answer } from './answers.ts';
import { countedAddress } from './client-address.ts';
import { Crowds } from './crowds.ts';
import { Descriptors, type DescriptorSource } from './descriptors.ts';
import type { ConnectionLimit, LimitSettings } from './limit-options.ts';
import { transportEvents } from './log-events.ts';
import { OpeningRequest } from './opening-request.ts';

/** Who holds a place: a session, from negotiate to the end of its transport. */
export interface PlaceHolder {
  place: Place | undefined;
  /** Gives up what nobody has taken up. */
  end(patience: number): void;
  /** Ends the connection, and tells the client why. */
  dismiss(reason: Error): void;
}

/** What limits work with. */
export interface LimitServices {
  /** The id that a user counts by; undefined for an anonymous one. */
  readonly userId: (user: unknown) => string | undefined;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** For tests. */
  readonly descriptors?: DescriptorSource;
}

/** One limit on the connections of a key, and how a key is found. */
interface KeyedLimit {
  readonly name: 'perUser' | 'perAddress';
  readonly crowds: Crowds<Place>;
  readonly keyOf: (request: IncomingMessage, user: unknown) => string | undefined;
  /** For the answer and the close message. */
  readonly whose: string;
}

type Keys = readonly (string | undefined)[];
const NO_KEYS: Keys = [];

/** Below this part of the limit, reaching it again is news. */
const NEWS_BELOW = 0.9;

/** How many connections a host takes in: altogether, of one user, of one address, and before its descriptors run out. */
export class ConnectionLimits {
  readonly descriptors: Descriptors;
  readonly #server: number;
  readonly #retryAfter: number;
  readonly #log: Log;
  readonly #keyed: readonly KeyedLimit[];
  #count = 0;
  #toldFull = false;

  constructor({ connectionLimits, descriptorReserve }: LimitSettings, { userId, wheel, log, descriptors }: LimitServices) {
    const { server, perUser, perAddress, clientAddress, retryAfter } = connectionLimits;
    this.descriptors = new Descriptors(descriptorReserve, wheel, log, descriptors);
    this.#server = server ?? Number.POSITIVE_INFINITY;
    this.#retryAfter = Math.ceil(retryAfter / 1_000);
    this.#log = log;
    const addressOf = (request: IncomingMessage): string | undefined => {
      const address = clientAddress === null ? request.socket.remoteAddress : clientAddress(new OpeningRequest(request));
      return address === undefined ? undefined : countedAddress(address);
    };
    this.#keyed = [
      ...keyedLimit('perUser', 'The user', perUser, (_, user) => userId(user)),
      ...keyedLimit('perAddress', 'The address', perAddress, addressOf),
    ];
  }

  /** Places held: connections, and those that may still be taken up. */
  get connections(): number {
    return this.#count;
  }

  /** How many users and addresses are kept in mind. */
  get keys(): number {
    return this.#keyed.reduce((sum, { crowds }) => sum + crowds.size, 0);
  }

  /** Why a request may not negotiate or connect, or the entry by which it does. `place` is what it holds already. */
  admit(request: IncomingMessage, user: unknown, place?: Place): Entry | Answer {
    // Who is connected and changes its socket is not one more.
    if (place?.connected !== true && !this.descriptors.mayAdmit())
      return refused(503, 'The server is out of file descriptors.', this.#retryAfter);
    if (place === undefined && this.#count >= this.#server) return this.#full();
    if (this.#keyed.length === 0) return new Entry(this, NO_KEYS);
    try {
      const keys = this.#keyed.map(({ keyOf }) => keyOf(request, user));
      return this.#refusal(keys, place) ?? new Entry(this, keys);
    } catch (error) {
      this.#log(transportEvents.hookFailed, {}, error);
      return answers.failed;
    }
  }

  /** @internal Lets a session wait to be taken up. */
  wait(holder: PlaceHolder, keys: Keys): void {
    const place = this.#enter(holder, keys);
    const giveWay = this.#keyed.flatMap(({ crowds }, index) => onKey(keys[index], (key) => crowds.wait(key, place)));
    for (const { holder: waiting } of giveWay) waiting.end(0);
  }

  /** @internal A session is taken up, by a request of these keys: not always those it negotiated with. */
  connect(holder: PlaceHolder, keys: Keys): void {
    const place = holder.place ?? this.#enter(holder, keys);
    for (const [index, { crowds, name, whose }] of this.#keyed.entries()) {
      const before = place.keys[index];
      if (before !== undefined && before !== keys[index]) crowds.leave(before, place);
      for (const oldest of onKey(keys[index], (key) => crowds.connect(key, place))) {
        this.#log(transportEvents.oldestClosed, { limit: name, key: keys[index] });
        oldest.holder.dismiss(
          new Error(`${whose} may have ${connections(crowds.limit)}, and opened another: this one, the oldest, is closed.`),
        );
      }
    }
    place.keys = keys;
    place.connected = true;
  }

  /** @internal */
  leave(place: Place): void {
    this.#count--;
    if (this.#count < this.#server * NEWS_BELOW) this.#toldFull = false;
    for (const [index, { crowds }] of this.#keyed.entries()) onKey(place.keys[index], (key) => crowds.leave(key, place));
  }

  #enter(holder: PlaceHolder, keys: Keys): Place {
    this.#count++;
    const place = new Place(this, holder, keys);
    holder.place = place;
    return place;
  }

  #refusal(keys: Keys, place: Place | undefined): Answer | undefined {
    for (const [index, { crowds, name, whose }] of this.#keyed.entries()) {
      const key = keys[index];
      if (key === undefined || !crowds.refuses(key, place)) continue;
      this.#log(transportEvents.connectionRefused, { limit: name, key } satisfies LogFields);
      return refused(429, `${whose} may have ${connections(crowds.limit)}.`, this.#retryAfter);
    }
    return undefined;
  }

  #full(): Answer {
    if (!this.#toldFull) this.#log(transportEvents.serverFull, { limit: this.#server });
    this.#toldFull = true;
    return refused(503, 'The server has as many connections as it takes.', this.#retryAfter);
  }
}

/** A request that may negotiate or connect. To be used in the turn in which it was admitted: later it may not be true. */
export class Entry {
  readonly #limits: ConnectionLimits;
  readonly #keys: Keys;

  constructor(limits: ConnectionLimits, keys: Keys) {
    this.#limits = limits;
    this.#keys = keys;
  }

  wait(holder: PlaceHolder): void {
    this.#limits.wait(holder, this.#keys);
  }

  connect(holder: PlaceHolder): void {
    this.#limits.connect(holder, this.#keys);
  }
}

/** What a session holds of the limits until it ends. */
export class Place {
  readonly holder: PlaceHolder;
  keys: Keys;
  connected = false;
  readonly #limits: ConnectionLimits;
  #held = true;

  constructor(limits: ConnectionLimits, holder: PlaceHolder, keys: Keys) {
    this.#limits = limits;
    this.holder = holder;
    this.keys = keys;
  }

  /** Gives it back. Only the first call counts. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#limits.leave(this);
  }
}

function keyedLimit(
  name: KeyedLimit['name'],
  whose: string,
  given: number | ConnectionLimit | null,
  keyOf: KeyedLimit['keyOf'],
): readonly KeyedLimit[] {
  if (given === null) return [];
  const { limit, atLimit = 'refuse' } = typeof given === 'number' ? { limit: given } : given;
  return [{ name, whose, keyOf, crowds: new Crowds(limit, atLimit) }];
}

/** What is done with a key, where there is one, as a list. */
function onKey<Result>(key: string | undefined, act: (key: string) => Result | undefined): readonly Result[] {
  const result = key === undefined ? undefined : act(key);
  return result === undefined ? [] : [result];
}

const connections = (count: number): string => (count === 1 ? '1 connection' : `${count} connections at the same time`);
