import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { CloseCategory } from '../metering/close-category.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import { serviceEvents } from './log-events.ts';
import type { MessageBucket, Waiter } from './message-bucket.ts';
import type { MessageAllowance, MessageLimits } from './message-limits.ts';
import { recordEnds, type RecordEnds } from './record-ends.ts';
import type { ServiceSettings } from './options.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** The most of a client's last words that still go to an app server that has enough, or before their time. */
export const LAST_WORDS = 65_536;
/** A client that was within its rate for so many milliseconds has begun anew. */
const CALM = 1_000;

/** A client, as what limits it sees it. */
export interface LimitedClient {
  readonly connectionId: string;
  readonly userId: string | undefined;
  /** Takes what of its bytes may pass. */
  pass(bytes: Buffer): void;
  /** It is not read for a while, whatever else waits for it; or is again. */
  throttle(on: boolean): void;
  end(error: string | undefined, allowReconnect: boolean, category: CloseCategory): void;
}

/** What it needs of its hub. */
export interface IntakeHost {
  readonly name: string;
  readonly meter: HubMeter;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Undefined where nothing is limited. */
  readonly messageLimits: MessageLimits | undefined;
}

/**
 * What one client sends, as far as it is limited: made only where it is. Messages are told apart and measured as they come, none is kept for that. What
 * may not come yet waits, and the client is not read until it has passed.
 */
export class ClientIntake implements Waiter {
  readonly #client: LimitedClient;
  readonly #host: IntakeHost;
  readonly #limits: MessageLimits;
  readonly #allowance: MessageAllowance;
  readonly #framing: RecordFraming | undefined;
  #ends: RecordEnds;
  /** What has come of a message that is not whole. */
  #begun = 0;
  /** What may not pass yet. */
  #kept: Buffer | undefined;
  /** Where it waits. */
  #bucket: MessageBucket | undefined;
  /** It is over its own rate since then. */
  #since: number | undefined;
  #calmSince = 0;
  #told = false;
  #over = false;

  private constructor(client: LimitedClient, host: IntakeHost, limits: MessageLimits, framing: RecordFraming | undefined) {
    this.#client = client;
    this.#host = host;
    this.#limits = limits;
    this.#allowance = limits.came(client.userId);
    this.#framing = framing;
    this.#ends = recordEnds(framing, { bills: false });
  }

  /** Undefined where nothing of the client is limited. */
  static of(client: LimitedClient, host: IntakeHost, framing: RecordFraming | undefined): ClientIntake | undefined {
    return host.messageLimits && new ClientIntake(client, host, host.messageLimits, framing);
  }

  /** Whether the client is not to be read. */
  get throttled(): boolean {
    return this.#kept !== undefined;
  }

  /** Bytes of the client. */
  take(chunk: Buffer): void {
    if (this.#kept !== undefined) this.#kept = Buffer.concat([this.#kept, chunk]);
    else this.#offer(chunk, this.#allowed(), false);
  }

  turn(): void {
    const kept = this.#kept;
    this.#bucket = undefined;
    if (kept === undefined) return;
    this.#kept = undefined;
    this.#offer(kept, this.#allowed(), true);
    if (this.#kept !== undefined || this.#over) return;
    this.#calmSince = this.#host.wheel.now();
    this.#client.throttle(false);
  }

  /** The client goes, and all that it has sent goes before: its buckets have it, too. Returns whether it has not ended by that. */
  flush(): boolean {
    const kept = this.#takeKept();
    if (kept !== undefined && kept.length <= LAST_WORDS) this.#offer(kept, Number.POSITIVE_INFINITY, true);
    return !this.#over;
  }

  /** It came back by another socket: what had not passed comes again, from the beginning of a message. */
  restart(): void {
    const wasThrottled = this.#takeKept() !== undefined;
    this.#ends = recordEnds(this.#framing, { bills: false });
    this.#begun = 0;
    if (wasThrottled) this.#client.throttle(false);
  }

  /** The client has ended. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#takeKept();
    this.#limits.left(this.#client.userId);
  }

  #takeKept(): Buffer | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    this.#bucket?.leave(this);
    this.#bucket = undefined;
    return kept;
  }

  /** Messages that may pass now. */
  #allowed(): number {
    const { shared, own } = this.#allowance;
    let allowed = own === undefined ? Number.POSITIVE_INFINITY : own.available;
    for (const bucket of shared) allowed = Math.min(allowed, bucket.available);
    return allowed;
  }

  /** @param owned - whether the bytes are nobody else's */
  #offer(chunk: Buffer, allowed: number, owned: boolean): void {
    const { largest } = this.#allowance;
    let end = 0;
    let messages = 0;
    let isTooLarge = false;
    while (end < chunk.length && messages < allowed && !isTooLarge) {
      const next = this.#ends.next(chunk, end);
      const behind = next === -1 ? chunk.length : next;
      const length = this.#begun + behind - end;
      isTooLarge = length > largest;
      if (isTooLarge) break;
      this.#begun = next === -1 ? length : 0;
      if (next !== -1) messages++;
      end = behind;
    }
    this.#charge(messages);
    if (end > 0) this.#client.pass(end === chunk.length ? chunk : chunk.subarray(0, end));
    if (this.#over) return;
    if (isTooLarge) this.#refuse(largest);
    else if (end < chunk.length) this.#keep(owned ? chunk.subarray(end) : Buffer.from(chunk.subarray(end)));
  }

  #charge(messages: number): void {
    const { shared, own } = this.#allowance;
    own?.take(messages);
    for (const bucket of shared) bucket.take(messages);
  }

  #keep(rest: Buffer): void {
    const { shared, own } = this.#allowance;
    this.#kept = rest;
    // What is the user's own doing counts before what others have a part in.
    const bucket = [own, ...shared].find((one) => one !== undefined && one.available === 0) ?? own ?? shared[0];
    if (bucket === undefined) return;
    if (bucket === own && this.#isLate()) return this.#close(own);
    if (bucket !== own) this.#since = undefined;
    this.#bucket = bucket;
    bucket.wait(this);
    this.#client.throttle(true);
    this.#tell(bucket);
  }

  /** Whether it has sent more than it may for longer than anybody waits. */
  #isLate(): boolean {
    const { throttleTimeout } = this.#host.settings.limits;
    const now = this.#host.wheel.now();
    const hasCalmed = this.#since !== undefined && this.#calmSince > this.#since && now - this.#calmSince > CALM;
    if (this.#since === undefined || hasCalmed) this.#since = now;
    return throttleTimeout !== null && now - this.#since > throttleTimeout;
  }

  #tell({ rate }: MessageBucket): void {
    if (this.#told) return;
    this.#told = true;
    const { log, name: hub } = this.#host;
    log(serviceEvents.clientThrottled, { hub, connectionId: this.#client.connectionId, most: rate.perSecond });
  }

  #close({ rate }: MessageBucket): void {
    const { name: hub, meter, log, settings } = this.#host;
    const { throttleTimeout } = settings.limits;
    const limit = 'limits.user.messagesPerSecond';
    meter.userErrors++;
    log(serviceEvents.limitExceeded, { hub, connectionId: this.#client.connectionId, limit, most: rate.perSecond });
    this.#client.end(
      `More than ${rate.perSecond} messages a second came for longer than ${throttleTimeout} ms (${limit}, throttleTimeout).`,
      // Who comes back at once goes on with it.
      false,
      'Throttled',
    );
  }

  #refuse(most: number): void {
    const { name: hub, meter, log } = this.#host;
    const limit = 'limits.messageSize';
    meter.operations++;
    meter.userErrors++;
    log(serviceEvents.limitExceeded, { hub, connectionId: this.#client.connectionId, limit, most });
    this.#client.end(`A message is larger than ${most} bytes, the most that is taken (${limit}).`, false, 'BadRequest');
  }
}
