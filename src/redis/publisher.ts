import type { Redis } from 'ioredis';
import { codedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { DONE } from '../base/promise.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { redisError, type RedisCommands } from './commands.ts';
import { DirectService, type Here } from './direct-service.ts';
import { writeAge } from './envelope.ts';
import { Flight, type FlightListener } from './flight.ts';
import { Insistence } from './insistence.ts';
import { redisEvents } from './log-events.ts';
import type { RedisSettings } from './options.ts';
import { Outbox } from './outbox.ts';
import { Outgoing, type Waiter } from './outgoing.ts';
import { isForgottenScript, isTemporary, refusesScripts } from './replies.ts';
import { ResendWindow } from './resend-window.ts';

/** What a publisher needs, and tells. */
export interface PublisherParts extends Here {
  readonly commands: RedisCommands;
  readonly wheel: TimerWheel;
  readonly settings: RedisSettings;
  readonly log: Log;
  /** Whether Redis brings this server what it sends. */
  readonly connected: () => boolean;
  /** Redis refuses messages for now; `undefined` when it takes them again. */
  readonly refusing: (error: Error | undefined) => void;
  /** So many messages will not reach other servers. */
  readonly gaveUp: (messages: number) => void;
}

/** What servers say to each other. */
export interface TellOptions {
  /** Whether one server listens to the channel, and waits. */
  readonly awaited?: boolean;
  readonly sequence?: number;
  readonly stream?: string | undefined;
}

/** Bytes that Redis is given before it has answered. What is behind them waits here, where it can still be counted and given up. */
const IN_FLIGHT = 4 * 1_048_576;

/**
 * Sends messages to Redis, in order, through outages. While Redis answers, it is Redis that brings a message to this server's own clients too, so
 * that all servers hear the messages of a channel in one order. From the first one that is not answered they are served directly.
 */
export class Publisher implements FlightListener {
  readonly #parts: PublisherParts;
  readonly #outbox: Outbox;
  readonly #window: ResendWindow;
  readonly #service: DirectService;
  readonly #insistence: Insistence;
  readonly #patience = new Timer(() => this.#endOpening());
  readonly #watch = new Timer(() => this.#look());
  readonly #retry = new Timer(() => this.#probe());
  #flight: Flight | undefined;
  #opening = true;
  #direct = false;
  #failing = false;
  #attempts = 0;
  #sequence = 0;
  #run: string | undefined;
  #drained: (() => void) | undefined;

  constructor(parts: PublisherParts) {
    const { settings, wheel } = parts;
    this.#parts = parts;
    this.#outbox = new Outbox(wheel, settings.maximumOutboxAge, parts.gaveUp);
    this.#window = new ResendWindow(settings.catchUp ? settings.resendAge : null, settings.resendBytes);
    this.#service = new DirectService(parts, settings.catchUp);
    this.#insistence = new Insistence(wheel, (message) => {
      this.#outbox.push(message);
      this.#flush();
    });
    wheel.arm(this.#patience, settings.asyncTimeout);
  }

  /** Whether this server's clients are served directly. */
  get direct(): boolean {
    return this.#direct;
  }

  /** Messages that Redis has not taken yet. */
  get messages(): number {
    return this.#outbox.count + (this.#flight?.unanswered.count ?? 0);
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#outbox.bytes + (this.#flight?.unanswered.bytes ?? 0);
  }

  /** How long the oldest has waited, in milliseconds. */
  get lag(): number {
    const oldest = this.#flight?.unanswered.first?.at ?? this.#outbox.oldest;
    return oldest === undefined ? 0 : this.#parts.wheel.now() - oldest;
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  /** Whether what came from Redis is this server's own, and served already. */
  isHeard(channel: string, payload: Buffer): boolean {
    return this.#service.isHeard(channel, payload, this.#parts.wheel.now());
  }

  /** This server listens to a channel no longer. */
  endChannel(channel: string): void {
    this.#service.endChannel(channel);
  }

  /**
   * Resolves when Redis has taken the message; during an outage when it is in the outbox, or has been served where nothing is kept.
   *
   * @param sequence - 0 for a message that is not marked
   * @param stream - where Redis keeps it; undefined for a message that is not kept
   * @throws SignalboxError SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED, SIGNALBOX_REDIS_OUTBOX
   */
  publish(channel: string, payload: Buffer, sequence: number, stream: string | undefined): Promise<void> {
    const message = new Outgoing(channel, payload, sequence, this.#parts.wheel.now());
    message.stream = stream;
    message.lasting = sequence > 0;
    return this.#send(message);
  }

  #send(message: Outgoing): Promise<void> {
    const { settings, commands } = this.#parts;
    if (this.bytes + message.payload.length > settings.maximumOutboxBytes)
      return this.#reject(codedError('SIGNALBOX_REDIS_OUTBOX', { problem: `${this.bytes} bytes wait for Redis to take them` }));
    if (this.#direct) return this.#publishDirectly(message);
    const flight = this.#flight;
    if (flight !== undefined && this.#outbox.count === 0 && flight.unanswered.bytes < IN_FLIGHT) return this.#launch(flight, message);
    if (settings.outagePolicy === 'fail' && !this.#opening && !commands.connected)
      return this.#reject(redisError('publishing a message', commands.error));
    return this.#wait(message);
  }

  /**
   * The same for what servers say to each other, which is of no use where it does not leave.
   *
   * @throws SignalboxError as `publish`
   */
  tell(channel: string, payload: Buffer, { awaited = false, sequence = 0, stream }: TellOptions): Promise<void> {
    const { settings, commands, wheel } = this.#parts;
    if (this.#direct && settings.outagePolicy === 'local' && this.#flight === undefined)
      return this.#reject(redisError('publishing a message', commands.error));
    const message = new Outgoing(channel, payload, sequence, wheel.now());
    message.awaited = awaited;
    message.stream = stream;
    return this.#send(message);
  }

  /** Redis takes commands, for the first time or again. Resolves with whether it still does when it is known which Redis it is. */
  async begin(client: Redis): Promise<boolean> {
    const { commands, wheel, settings } = this.#parts;
    await commands.prepare();
    const { run } = commands;
    if (commands.client !== client) return false;
    const known = this.#run;
    this.#run = run ?? '';
    // One that does not say who it is may be another.
    if (known !== undefined && (run === undefined || run !== known)) this.#window.giveTo(this.#outbox, wheel.now());
    this.#flight = new Flight(commands, this);
    this.#opening = false;
    wheel.cancel(this.#patience);
    wheel.cancel(this.#retry);
    this.#accepted();
    if (settings.outagePolicy === 'local' && this.#direct) this.#outbox.clear();
    this.#flush();
    return true;
  }

  /** The connection is gone, or could not be made. */
  lost(error: Error): void {
    if (this.#flight !== undefined) return this.broken(this.#flight, error);
    if (this.#parts.settings.outagePolicy !== 'fail') this.#endOpening();
    else if (!this.#opening) this.#outbox.clear(redisError('publishing a message', error));
  }

  /** Redis does not bring what is sent, for whatever reason. */
  serveDirectly(): void {
    const { settings, wheel } = this.#parts;
    if (this.#direct || settings.outagePolicy === 'fail') return;
    this.#direct = true;
    const oldest = wheel.now() - 3 * settings.keepAlive;
    const taken = this.#service.missing() ?? this.#window.messages;
    // What Redis took is on its way here still, or never comes.
    for (const message of taken) if (message.at >= oldest) this.#service.serve(message);
    for (const message of [...this.#outbox.refused, ...(this.#flight?.unanswered ?? []), ...this.#outbox.waiting]) {
      this.#service.serve(message);
      message.waiter?.resolve();
    }
    if (settings.outagePolicy === 'local') this.#outbox.clear();
  }

  /** Looks whether Redis can serve this server's clients again. */
  resume(): void {
    const settled = this.#outbox.count === 0 && this.#flight?.unanswered.count === 0;
    if (settled) this.#drained?.();
    if (this.#direct && settled && this.#parts.connected()) this.#direct = false;
  }

  /** Waits until Redis has taken everything, but not for longer than `timeout` milliseconds. What is left then is lost. */
  async close(timeout: number): Promise<void> {
    const { wheel, gaveUp } = this.#parts;
    if (this.messages > 0) {
      const late = new Timer(() => this.#drained?.());
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        wheel.arm(late, timeout);
      });
      wheel.cancel(late);
    }
    for (const timer of [this.#patience, this.#watch, this.#retry]) wheel.cancel(timer);
    this.#insistence.close();
    const left = this.messages;
    this.#flight?.end();
    this.#outbox.clear(codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'publishing a message' }));
    if (left > 0) gaveUp(left);
  }

  /** @internal */
  taken(message: Outgoing, reached: number): void {
    if (message.awaited && reached === 0) this.#insistence.add(message);
    message.waiter?.resolve();
    this.#window.add(message, this.#parts.wheel.now());
    this.#outbox.overtake();
    this.#failing = false;
    this.#accepted();
    this.#advance();
  }

  /** @internal */
  refused(message: Outgoing, error: Error): void | Promise<void> {
    const { settings, refusing, commands } = this.#parts;
    if (message.stream !== undefined && commands.scripts && (isForgottenScript(error) || refusesScripts(error)))
      return this.#doAgain(message, error);
    const coded = redisError('publishing a message', error);
    if (settings.outagePolicy === 'fail' || !isTemporary(error)) {
      message.waiter?.reject(coded);
      this.#logFailure(coded);
      this.#accepted();
      this.#advance();
      throw coded;
    }
    this.#outbox.refuse(message);
    if (this.#attempts++ === 0) refusing(coded);
    this.serveDirectly();
    if (settings.outagePolicy === 'local') this.#outbox.clear();
    this.#logFailure(coded);
    this.#advance();
  }

  /** @internal */
  broken(flight: Flight, error: unknown): void {
    if (flight !== this.#flight) return;
    const { settings, commands } = this.#parts;
    this.serveDirectly();
    flight.end();
    this.#flight = undefined;
    this.#outbox.putBack(flight.unanswered, this.#next);
    if (settings.outagePolicy === 'fail') this.#outbox.clear(redisError('publishing a message', error));
    if (settings.outagePolicy === 'local') this.#outbox.clear();
    commands.restart();
  }

  /** @internal */
  stranded(error: unknown): void {
    if (this.#parts.settings.outagePolicy !== 'fail') return;
    const coded = redisError('publishing a message', error);
    this.#logFailure(coded);
    throw coded;
  }

  /** Redis did not carry out the script: the message is sent again, with the script or without it. */
  #doAgain(message: Outgoing, error: Error): Promise<void> {
    this.#outbox.refuse(message);
    this.#attempts++;
    this.#parts.commands.refuseScripts(error).catch(ignore);
    this.#advance();
    if (message.waiter !== undefined) return DONE;
    return new Promise((resolve, reject) => {
      message.waiter = { resolve, reject };
    });
  }

  readonly #next = (): number => this.nextSequence();

  #publishDirectly(message: Outgoing): Promise<void> {
    this.#service.serve(message);
    if (this.#parts.settings.outagePolicy === 'buffer') {
      this.#outbox.push(message);
      this.#flush();
    } else if (this.#flight !== undefined) this.#launch(this.#flight, message).catch(ignore);
    return DONE;
  }

  #launch(flight: Flight, message: Outgoing): Promise<void> {
    const { wheel, settings } = this.#parts;
    message.publishedAt = wheel.now();
    this.#service.published(message);
    if (!this.#watch.armed) wheel.arm(this.#watch, settings.answerTimeout);
    return flight.publish(message);
  }

  #wait(message: Outgoing): Promise<void> {
    this.#outbox.push(message);
    return new Promise((resolve, reject) => {
      message.waiter = { resolve, reject } satisfies Waiter;
    });
  }

  /** Redis carries out what it is asked. */
  #accepted(): void {
    if (this.#attempts === 0 || this.#outbox.refusing) return;
    this.#attempts = 0;
    this.#parts.refusing(undefined);
  }

  /** What to do when Redis has answered. */
  #advance(): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    if (!this.#outbox.refusing) this.#flush();
    else if (flight.unanswered.count === 0) this.#tryLater(flight);
  }

  #tryLater(flight: Flight): void {
    const { wheel, settings } = this.#parts;
    this.#outbox.putBack(flight.unanswered, this.#next);
    const delay = settings.firstReconnectDelay * 2 ** Math.min(this.#attempts, 20);
    wheel.arm(this.#retry, Math.min(delay, settings.longestReconnectDelay));
  }

  /** Asks Redis with one message whether it takes them again. */
  #probe(): void {
    const message = this.#flight === undefined ? undefined : this.#outbox.shift();
    if (message !== undefined) this.#relaunch(message);
  }

  #flush(): void {
    const flight = this.#flight;
    if (flight === undefined || this.#attempts > 0) return;
    while (flight.unanswered.bytes < IN_FLIGHT) {
      const message = this.#outbox.shift();
      if (message === undefined) break;
      this.#relaunch(message);
    }
    this.resume();
  }

  #relaunch(message: Outgoing): void {
    const waited = this.#parts.wheel.now() - message.at;
    if (message.sequence > 0 && waited >= 1) writeAge(message.payload, waited);
    // Who waits for it is told otherwise.
    if (this.#flight !== undefined) this.#launch(this.#flight, message).catch(ignore);
  }

  #endOpening(): void {
    const { wheel, commands, settings } = this.#parts;
    wheel.cancel(this.#patience);
    this.#opening = false;
    this.serveDirectly();
    if (settings.outagePolicy === 'fail' && !commands.connected) this.#outbox.clear(redisError('publishing a message', commands.error));
  }

  /** Redis may be there, and not answer. */
  #look(): void {
    const { wheel, settings } = this.#parts;
    const oldest = this.#flight?.unanswered.first?.publishedAt;
    if (oldest === undefined) return;
    if (wheel.now() - oldest >= settings.answerTimeout) this.serveDirectly();
    wheel.arm(this.#watch, settings.answerTimeout);
  }

  #reject(error: Error): Promise<never> {
    this.#logFailure(error);
    return Promise.reject(error);
  }

  #logFailure(error: Error): void {
    if (!this.#failing) this.#parts.log(redisEvents.publishFailed, {}, error);
    this.#failing = true;
  }
}

const ignore = (): void => undefined;
