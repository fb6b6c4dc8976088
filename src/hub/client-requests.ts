import type { Backplane } from '../backplane/backplane.ts';
import { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { HubTelemetry } from '../telemetry/telemetry.ts';
import { errorText } from './error-text.ts';
import { HubError } from './hub-error.ts';
import type { Schema } from './schema.ts';
import type { InvokeOptions } from './targets.ts';

/** Whose clients are asked. */
interface AskingHub {
  readonly backplane: Backplane;
}

/** Asks single clients for results, and believes an answer only as far as its validator does. */
export class ClientRequests {
  readonly #hub: AskingHub;
  readonly #schemas: ReadonlyMap<string, Schema>;
  readonly #wheel: TimerWheel;
  readonly #timeout: number | null;
  readonly #telemetry: HubTelemetry | undefined;

  /** @param timeout - milliseconds, where a request names none; null for no limit */
  constructor(
    hub: AskingHub,
    schemas: ReadonlyMap<string, Schema>,
    wheel: TimerWheel,
    timeout: number | null,
    telemetry: HubTelemetry | undefined,
  ) {
    this.#hub = hub;
    this.#schemas = schemas;
    this.#wheel = wheel;
    this.#timeout = timeout;
    this.#telemetry = telemetry;
  }

  /**
   * @throws HubError with the client's error, or when the request is cancelled or its answer not valid; SignalboxError when the
   *   client is not connected, leaves, does not answer in time, or nothing is known of what it should answer
   */
  async ask(connectionId: string, target: string, args: readonly unknown[], options: InvokeOptions): Promise<unknown> {
    const schema = this.#schemas.get(target);
    if (schema === undefined) throw codedError('SIGNALBOX_MISSING_RESULTS_VALIDATOR', { name: target });
    const telemetry = this.#telemetry?.asked(target);
    try {
      const timeout = options.timeout ?? this.#timeout;
      const completion = await this.#answer(connectionId, target, args, timeout, options.signal);
      if (completion.error !== undefined) throw new HubError(completion.error);
      // A client without null in its protocol says neither result nor error.
      const result = await validate(schema, target, completion.hasResult ? completion.result : null);
      telemetry?.ended();
      return result;
    } catch (error) {
      telemetry?.ended(error);
      throw error;
    }
  }

  async #answer(
    connectionId: string,
    target: string,
    args: readonly unknown[],
    timeout: number | null,
    signal: AbortSignal | undefined,
  ): Promise<CompletionMessage> {
    const wait = new Wait(connectionId, target, timeout ?? 0);
    const cancel = (): void => wait.cancellation.cancel(new HubError(errorText.invocationCancelled));
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    if (timeout !== null) this.#wheel.arm(wait, timeout);
    try {
      return await this.#hub.backplane.invoke(connectionId, target, args, wait.cancellation);
    } finally {
      this.#wheel.cancel(wait);
      signal?.removeEventListener('abort', cancel);
    }
  }
}

/** Gives up an answer when its time is over. */
class Wait extends Alarm {
  readonly cancellation = new Cancellation();
  readonly #connectionId: string;
  readonly #method: string;
  readonly #timeout: number;

  constructor(connectionId: string, method: string, timeout: number) {
    super();
    this.#connectionId = connectionId;
    this.#method = method;
    this.#timeout = timeout;
  }

  fire(): void {
    const fields = { connectionId: this.#connectionId, method: this.#method, timeout: this.#timeout };
    this.cancellation.cancel(codedError('SIGNALBOX_CLIENT_RESULT_TIMEOUT', fields));
  }
}

async function validate(schema: Schema, target: string, answer: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(answer);
  if (result.issues === undefined) return result.value;
  throw new HubError(`Error trying to deserialize result of '${target}'. ${result.issues[0]?.message ?? 'It is not valid.'}`);
}
