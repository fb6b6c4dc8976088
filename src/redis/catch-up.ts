import type { Log } from '../base/log.ts';
import { DONE } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubChannels } from './channels.ts';
import type { RedisCommands } from './commands.ts';
import type { HeardMessages } from './heard.ts';
import { redisEvents } from './log-events.ts';
import type { MissedMessages, StreamPosition } from './missed-messages.ts';
import type { RedisSettings } from './options.ts';
import { countOthers } from './others.ts';

/**
 * Whether what was missed has been delivered: all of it, all that servers with catch-up sent while there are others in the farm, or possibly not all.
 */
export type Recovered = true | 'node-only' | false;

/** What catching up needs, and tells. */
export interface CatchUpParts {
  readonly channels: HubChannels;
  readonly commands: () => RedisCommands;
  readonly heard: HeardMessages;
  readonly settings: RedisSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Takes a message as if Redis had just brought it; `age` is how long it has been in its stream, in milliseconds. */
  readonly receive: (channel: string, payload: Buffer, age: number) => void;
  readonly recovered: (recovered: Recovered, channels: readonly string[]) => void;
}

/** What is known of a stream. */
interface Known {
  position: StreamPosition | undefined;
  /** When its last message came, in milliseconds on the wheel. */
  heardAt: number;
  /** What came while something before it was missing; undefined while nothing is. */
  held: (readonly [channel: string, payload: Buffer])[] | undefined;
}

/** Streams that are read at once. */
const AT_ONCE = 50;
/** Bytes that are held back at the most. */
const HELD = 16 * 1_048_576;
/** Milliseconds by which what is read reaches back further than the last sign of life. */
const MARGIN = 2_000;

/**
 * Delivers what this server could not hear: because its connection was cut, or because the offsets of a stream show that something is missing. What comes
 * meanwhile is held back, so that everything is delivered in order.
 */
export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #streams = new Map<string, Known>();
  #heldBytes = 0;
  #holding = 0;
  #restoring: Promise<void> = DONE;
  #gaps = 0;
  #others = false;
  #run: string | undefined;
  /** Since when messages may be missing. */
  #since = 0;

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /** How often something was missing without a cut. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Something came from a server or an emitter without catch-up. */
  sawOthers(): void {
    this.#others = true;
  }

  /** Holds a message back while something before it is missing. Returns whether it does. */
  hold(channel: string, payload: Buffer): boolean {
    if (this.#holding === 0) return false;
    const known = this.#streams.get(this.#streamOf(channel) ?? '');
    if (known?.held === undefined) return false;
    known.held.push([channel, payload]);
    this.#heldBytes += payload.length;
    if (this.#heldBytes > HELD) this.#giveUp();
    return true;
  }

  /** Takes the place of a message that came. Returns false where something before it is missing: then it is held back, and what is missing read. */
  inOrder(channel: string, payload: Buffer, position: StreamPosition): boolean {
    // Of the stream that all connections share, a server hears only a part.
    if (this.#parts.channels.isConnection(channel)) return true;
    const known = this.#known(channel);
    const { position: before } = known;
    const next = before?.epoch === position.epoch ? before.offset + 1 : 1;
    if (before !== undefined && position.offset > next) {
      this.#gaps++;
      this.#startHolding(known);
      known.held?.push([channel, payload]);
      this.#heldBytes += payload.length;
      void this.#readAll([channel]);
      return false;
    }
    if (before?.epoch !== position.epoch || position.offset > before.offset) known.position = position;
    known.heardAt = this.#parts.wheel.now();
    return true;
  }

  /** These channels are about to be listened to again, after a cut; `since` is when Redis gave the last sign of life before it. */
  begin(channels: readonly string[], since: number): void {
    if (this.#holding === 0) this.#since = since;
    for (const channel of channels) {
      const stream = this.#streamOf(channel);
      if (stream !== undefined) this.#startHolding(this.#known(stream));
    }
  }

  /** This server listens, and Redis takes commands: reads what is missing, if anything may be. */
  restore(): void {
    this.#restoring = this.#restoring.then(() => this.#restore());
  }

  /** A channel is listened to no longer. */
  end(channel: string): void {
    if (this.#parts.channels.isConnection(channel)) return;
    const held = this.#streams.get(channel)?.held;
    for (const [, payload] of held ?? []) this.#heldBytes -= payload.length;
    if (held !== undefined) this.#holding--;
    this.#streams.delete(channel);
  }

  async #restore(): Promise<void> {
    const missing = [...this.#streams].filter(([, { held }]) => held !== undefined).map(([stream]) => stream);
    if (missing.length > 0) await this.#readAll(missing);
    if (this.#holding === 0) this.#run = this.#parts.commands().run;
  }

  #startHolding(known: Known): void {
    if (known.held !== undefined) return;
    known.held = [];
    this.#holding++;
  }

  async #readAll(streams: readonly string[]): Promise<void> {
    const commands = this.#parts.commands();
    const outcomes = new Map<Recovered, string[]>();
    const told = (stream: string, recovered: Recovered): void => {
      const same = outcomes.get(recovered);
      if (same === undefined) outcomes.set(recovered, [stream]);
      else same.push(stream);
    };
    if (commands.scripts && (await countOthers(this.#parts.channels, commands))) this.#others = true;
    for (let at = 0; at < streams.length; at += AT_ONCE)
      await Promise.all(
        streams.slice(at, at + AT_ONCE).map(async (stream) => {
          const recovered = await this.#read(stream);
          if (recovered !== undefined) told(stream, recovered);
        }),
      );
    for (const [recovered, channels] of outcomes) this.#parts.recovered(recovered, channels);
  }

  /** Returns undefined where the connection was cut again: then it is tried again. */
  async #read(stream: string): Promise<Recovered | undefined> {
    const { log } = this.#parts;
    const commands = this.#parts.commands();
    const known = this.#streams.get(stream);
    if (known === undefined) return undefined;
    let recovered: Recovered = false;
    try {
      if (commands.scripts) recovered = this.#deliver(stream, known, await commands.missed(stream, known.position));
    } catch (error) {
      if (!commands.connected) return undefined;
      log(redisEvents.catchUpFailed, { channel: stream }, error);
    }
    this.#release(known);
    return recovered && this.#others ? 'node-only' : recovered;
  }

  /** Returns whether nothing is missing any more. */
  #deliver(stream: string, known: Known, missed: MissedMessages | undefined): boolean {
    const { settings, wheel, receive, heard } = this.#parts;
    const same = this.#run === undefined || this.#parts.commands().run === this.#run;
    const before = known.position;
    const away = wheel.now() - this.#since;
    // A stream goes some time after its last message: where it is not there, nothing was sent, unless that was long ago.
    if (missed === undefined) {
      known.position = undefined;
      return same && away < settings.catchUpAge && (before === undefined || wheel.now() - known.heardAt >= settings.catchUpAge);
    }
    const { epoch, last, messages } = missed;
    const first = messages[0]?.offset ?? last + 1;
    const sameEpoch = before?.epoch === epoch;
    const shared = this.#parts.channels.isConnection(stream);
    // A connection, or a group that was joined, hears nothing that is older than itself.
    const since = shared ? this.#since : Math.max(heard.since(stream), this.#since);
    const reaches = first === 1 || messages.some(({ age }) => wheel.now() - age < since - MARGIN);
    known.position = shared ? undefined : { epoch, offset: first - 1 };
    for (const { channel, payload, age } of messages)
      if (!shared || wheel.now() - age >= since - MARGIN) receive(channel, payload, Math.max(age, 1));
    if (!shared) known.position = { epoch, offset: last };
    if (sameEpoch) return last >= before.offset && first === before.offset + 1;
    return same && away < settings.catchUpAge && reaches;
  }

  /** Lets what was held back go on. */
  #release(known: Known): void {
    const { held } = known;
    if (held === undefined) return;
    known.held = undefined;
    this.#holding--;
    for (const [, payload] of held) this.#heldBytes -= payload.length;
    for (const [at, [channel, payload]] of held.entries()) {
      this.#parts.receive(channel, payload, 0);
      // Something is missing again: the rest has to wait for it, too.
      if (!isHolding(known)) continue;
      for (const later of held.slice(at + 1)) this.hold(...later);
      return;
    }
  }

  #giveUp(): void {
    const streams: string[] = [];
    for (const [stream, known] of this.#streams) {
      if (known.held === undefined) continue;
      streams.push(stream);
      known.position = undefined;
      this.#release(known);
    }
    this.#parts.recovered(false, streams);
  }

  #streamOf(channel: string): string | undefined {
    return this.#parts.channels.streamOf(channel);
  }

  #known(stream: string): Known {
    let known = this.#streams.get(stream);
    if (known === undefined) this.#streams.set(stream, (known = { position: undefined, heardAt: 0, held: undefined }));
    return known;
  }
}

const isHolding = (known: Known): known is Known & { held: (readonly [string, Buffer])[] } => known.held !== undefined;
