import type { IncomingMessage } from 'node:http';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { answers, refused, type Answer } from './answers.ts';
import { countedAddress } from './client-address.ts';
import { ConnectionError } from './connection-error.ts';
import type { TransportName } from './connection.ts';
import { Crowds } from './crowds.ts';
import { Descriptors, type DescriptorSource } from './descriptors.ts';
import type { ConnectionLimit, LimitSettings } from './limit-options.ts';
import { transportEvents } from './log-events.ts';
import { OpeningRequest } from './opening-request.ts';

/** What a connection counts by, in the order of the limits: undefined where one does not hold for it. */
export type Keys = readonly (string | undefined)[];

/** What limits count: a session, from negotiate to the end of its transport. */
export interface Counted {
  /** Set while it counts. */
  countedBy: Keys | undefined;
  /** Set once it is connected. */
  readonly transport: TransportName | undefined;
  /** Gives up what nobody has taken up. */
  end(patience: number): void;
  /** Ends the connection, and tells the client why. */
  dismiss(reason: Error): void;
}

/** What an endpoint asks before it takes somebody in, and tells when they have gone. */
export interface EntryLimits {
  /** Why a request may not negotiate or connect, or the entry by which it does. `session` is what it is for, where there is one. */
  admit(request: IncomingMessage, user: unknown, session?: Counted): Entry | Answer;
  /** @internal Lets a session wait to be taken up. */
  wait(session: Counted, keys: Keys): void;
  /** @internal A session is taken up, by a request of these keys: not always those it negotiated with. */
  connect(session: Counted, keys: Keys): void;
  /** A session has ended. Only the first call counts. */
  leave(session: Counted): void;
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
  readonly crowds: Crowds<Counted>;
  readonly keyOf: (request: IncomingMessage, user: unknown) => string | undefined;
  /** For the answer and the close message. */
  readonly whose: string;
}

/** One for all, where there is nothing to count by. */
const NO_KEYS: Keys = [];

/** Below this part of the limit, reaching it again is news. */
const NEWS_BELOW = 0.9;

/** How many connections a host takes in: altogether, of one user, of one address, and before its descriptors run out. */
export class ConnectionLimits implements EntryLimits {
  readonly descriptors: Descriptors;
  readonly #server: number;
  readonly #retryAfter: number;
  readonly #log: Log;
  readonly #keyed: readonly KeyedLimit[];
  /** Of all that come, where there is nothing to count by. */
  readonly #keyless = new Entry(this, NO_KEYS);
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

  /** Connections, and sessions that may still connect. */
  get connections(): number {
    return this.#count;
  }

  /** How many users and addresses are kept in mind. */
  get keys(): number {
    return this.#keyed.reduce((sum, { crowds }) => sum + crowds.size, 0);
  }

  admit(request: IncomingMessage, user: unknown, session?: Counted): Entry | Answer {
    // Who is connected and changes its socket is not one more.
    if (session?.transport === undefined && !this.descriptors.mayAdmit()) {
      return refused(503, 'The server is out of file descriptors.', this.#retryAfter);
    }
    if (session?.countedBy === undefined && this.#count >= this.#server) return this.#full();
    if (this.#keyed.length === 0) return this.#keyless;
    try {
      const keys = this.#keyed.map(({ keyOf }) => keyOf(request, user));
      return this.#refusal(keys, session) ?? new Entry(this, keys);
    } catch (error) {
      this.#log(transportEvents.countFailed, {}, error);
      return answers.failed;
    }
  }

  wait(session: Counted, keys: Keys): void {
    this.#enter(session, keys);
    const giveWay = this.#keyed.flatMap(({ crowds }, index) => onKey(keys[index], (key) => crowds.wait(key, session)));
    // The same one may be the oldest of its user and of its address.
    for (const waiting of new Set(giveWay)) waiting.end(0);
  }

  connect(session: Counted, keys: Keys): void {
    const before = session.countedBy ?? this.#enter(session, keys);
    session.countedBy = keys;
    for (const [index, { crowds, name, whose }] of this.#keyed.entries()) {
      const [key, old] = [keys[index], before[index]];
      if (old !== undefined && old !== key) crowds.leave(old, session);
      for (const oldest of onKey(key, (known) => crowds.connect(known, session))) {
        this.#log(transportEvents.oldestClosed, { limit: name, key: key ?? '' });
        oldest.dismiss(
          new ConnectionError(
            'tooMany',
            `${whose} may have ${connections(crowds.limit)}, and opened another: this one, the oldest, is closed.`,
          ),
        );
      }
    }
  }

  leave(session: Counted): void {
    const { countedBy } = session;
    if (countedBy === undefined) return;
    session.countedBy = undefined;
    this.#count--;
    if (this.#count < this.#server * NEWS_BELOW) this.#toldFull = false;
    for (const [index, { crowds }] of this.#keyed.entries()) onKey(countedBy[index], (key) => crowds.leave(key, session));
  }

  #enter(session: Counted, keys: Keys): Keys {
    this.#count++;
    session.countedBy = keys;
    return keys;
  }

  #refusal(keys: Keys, session: Counted | undefined): Answer | undefined {
    for (const [index, { crowds, name, whose }] of this.#keyed.entries()) {
      const key = keys[index];
      if (key === undefined || !crowds.refuses(key, session)) continue;
      this.#log(transportEvents.connectionRefused, { limit: name, key });
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
  readonly #limits: EntryLimits;
  readonly #keys: Keys;

  constructor(limits: EntryLimits, keys: Keys) {
    this.#limits = limits;
    this.#keys = keys;
  }

  wait(session: Counted): void {
    this.#limits.wait(session, this.#keys);
  }

  connect(session: Counted): void {
    this.#limits.connect(session, this.#keys);
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
