import type { Payload } from '../base/payload.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { clientHandshake, type AcceptedHandshake } from './client-opening.ts';
import { HeldData } from './held-data.ts';
import type { ServiceSettings } from './options.ts';

const NOTHING = Buffer.alloc(0);

/** A handshake request that is good, as it came, and what came behind it. */
export interface AdmissionRequest {
  readonly handshake: AcceptedHandshake;
  readonly request: Buffer;
  readonly rest: Buffer;
}

/** A client before it is let in: its handshake request, and what waits until the app server has answered that. */
export class ClientAdmission {
  readonly #wheel: TimerWheel;
  readonly #settings: ServiceSettings;
  readonly #timeout: number;
  readonly #patience: Timer;
  /** What has come of the request. */
  #bytes = NOTHING;
  #held: HeldData | undefined;

  /**
   * @param timeout - milliseconds for the request, and then again for the answer
   * @param timedOut - called when one of them is over
   */
  constructor(wheel: TimerWheel, settings: ServiceSettings, timeout: number, timedOut: () => void) {
    this.#wheel = wheel;
    this.#settings = settings;
    this.#timeout = timeout;
    this.#patience = new Timer(timedOut);
    wheel.arm(this.#patience, timeout);
  }

  /**
   * Takes bytes of the client. Undefined where the request has not come whole.
   *
   * @param binary - whether its transport carries any bytes
   */
  take(chunk: Buffer, binary: boolean): AdmissionRequest | { readonly refused: string } | undefined {
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const outcome = clientHandshake(bytes, this.#settings.maximumHandshakeSize);
    this.#bytes = outcome === undefined ? Buffer.from(bytes) : NOTHING;
    if (outcome === undefined || 'refused' in outcome) return outcome;
    const { protocol, framing } = outcome.protocol;
    if (framing === 'length' && !binary) return { refused: unsupported(protocol.name) };
    return { handshake: outcome, request: bytes.subarray(0, outcome.end), rest: bytes.subarray(outcome.end) };
  }

  /** The request goes to the app server, which has as long to answer. */
  asks(): void {
    this.#held = new HeldData(this.#settings.maximumHeldBytes);
    this.#wheel.arm(this.#patience, this.#timeout);
  }

  /** Keeps what is for the client. Returns false where too much waits. */
  hold(payload: Payload): boolean {
    return this.#held?.add(payload) === true;
  }

  /** It is answered, or nobody waits for that any more. Returns what waited, in order. */
  end(): readonly Payload[] {
    this.#wheel.cancel(this.#patience);
    return this.#held?.take() ?? [];
  }
}

const unsupported = (protocol: string): string =>
  `Cannot use the '${protocol}' protocol on the current transport. The transport does not support 'Binary' transfer format.`;
