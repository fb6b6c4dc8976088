import { DONE, isPromise, type MaybePromise } from '../base/promise.ts';
import { bindArguments, checkStreamCount } from './arguments.ts';
import { CallRefused } from './call-refused.ts';
import { errorText } from './error-text.ts';
import type { HubContext } from './context.ts';
import { runInvokeFilters } from './filters.ts';
import type { InvocationMessage, StreamInvocationMessage } from '../protocol/hub/message.ts';
import type { CallStatus, CallTelemetry, ClientTelemetry } from '../telemetry/telemetry.ts';
import type { Caller } from './caller.ts';
import { NO_METADATA, type DefinedMethod } from './method-table.ts';
import type { UploadStream } from './upload-stream.ts';

/** What the client sent: an invocation of either kind. */
export type SentInvocation = InvocationMessage | StreamInvocationMessage;

const NO_STREAMS: readonly string[] = [];

/** One invocation of one client, from the moment it was read until it is answered. */
export abstract class HubCall {
  /** What it took on the wire. */
  readonly bytes: number;
  protected readonly sent: SentInvocation;
  protected readonly caller: Caller;
  readonly #method: DefinedMethod | undefined;
  readonly #uploads: readonly UploadStream[];
  /** From its beginning, where somebody wants to hear of it. */
  protected telemetry: CallTelemetry | undefined = undefined;

  /**
   * @param method - undefined where there is none of the name that the client sent
   * @param uploads - the streams that come with it
   */
  constructor(caller: Caller, method: DefinedMethod | undefined, sent: SentInvocation, uploads: readonly UploadStream[], bytes: number) {
    this.caller = caller;
    this.#method = method;
    this.sent = sent;
    this.#uploads = uploads;
    this.bytes = bytes;
  }

  /** Whether it takes one of the places for parallel invocations. Streams in either direction don't. */
  abstract readonly counts: boolean;

  /** Undefined where the caller wants no answer. */
  protected get invocationId(): string | undefined {
    return this.sent.invocationId || undefined;
  }

  protected get streamIds(): readonly string[] {
    return this.sent.streamIds ?? NO_STREAMS;
  }

  /** What the method gets. */
  protected abstract readonly context: HubContext<unknown, unknown>;

  /** Runs it. The promise, where there is something to wait for, resolves when the call is over or streams; it never rejects. */
  run(): PromiseLike<void> | undefined {
    try {
      const result = this.caller.telemetry === undefined ? this.#invoke() : this.#observed(this.caller.telemetry);
      // Most methods end with a send: no need to wait a turn for what is known to be done.
      if (result === DONE) this.succeeded(undefined);
      else if (isPromise(result)) {
        return result.then(
          (settled) => this.#settled(settled),
          (error: unknown) => this.failed(error),
        );
      } else this.succeeded(result);
    } catch (error) {
      this.failed(error);
    }
    return undefined;
  }

  #observed(client: ClientTelemetry): MaybePromise<unknown> {
    const { headers } = this.sent;
    this.telemetry = client.called({ method: this.#method?.name, headers, streaming: this.streaming, uploads: this.#uploads.length });
    return this.telemetry.run === undefined ? this.#invoke() : this.telemetry.run(() => this.#invoke());
  }

  #settled(result: unknown): void {
    try {
      this.succeeded(result);
    } catch (error) {
      this.failed(error);
    }
  }

  /**
   * The method returned.
   *
   * @throws what the result itself throws when it is looked at
   */
  protected abstract succeeded(result: unknown): void;

  /** The method, or something on the way to it, failed. */
  protected failed(error: unknown): void {
    this.caller.reportFailure(this.sent.target, error);
    const detailed = this.caller.settings.enableDetailedErrors;
    if (error instanceof CallRefused) this.end(error.message, 'refused', error);
    else this.end(errorText.invoking(this.sent.target, error, detailed), 'error', error);
  }

  /**
   * The call is over: its streams are let go, and the caller hears of an error.
   *
   * @param cause - what failed
   */
  protected end(error?: string, status: CallStatus = error === undefined ? 'ok' : 'error', cause?: unknown): void {
    this.telemetry?.ended(status, cause);
    if (this.#uploads.length > 0) this.caller.endUploads(this.streamIds, this.#uploads);
    if (error !== undefined) this.caller.completeWithError(this.invocationId, error);
  }

  /** Whether the caller expects a stream. */
  protected abstract readonly streaming: boolean;

  #invoke(): MaybePromise<unknown> {
    const { filters, hub } = this.caller;
    const { sent, context } = this;
    if (filters.length === 0) return this.#call(context, sent.arguments);
    const { name: method = sent.target, metadata = NO_METADATA } = this.#method ?? {};
    const { streaming, streamIds } = this;
    const invocation = { context, hub, method, args: sent.arguments, metadata, streaming, uploads: streamIds.length };
    return runInvokeFilters(filters, invocation, (changed) => this.#call(changed.context, changed.args));
  }

  #call(context: HubContext<unknown, unknown>, args: readonly unknown[]): MaybePromise<unknown> {
    const method = this.#method;
    if (method === undefined) throw new CallRefused(errorText.unknownMethod(this.sent.target));
    if (method.authorize === undefined) return this.#bind(method, context, args);
    const allowed = method.authorize(context, { method: method.name, args });
    if (isPromise(allowed)) return allowed.then((settled) => this.#authorized(settled, method, context, args));
    return this.#authorized(allowed, method, context, args);
  }

  #authorized(
    allowed: boolean,
    method: DefinedMethod,
    context: HubContext<unknown, unknown>,
    args: readonly unknown[],
  ): MaybePromise<unknown> {
    if (!allowed) throw new CallRefused(errorText.unauthorized(this.sent.target));
    return this.#bind(method, context, args);
  }

  #bind(method: DefinedMethod, context: HubContext<unknown, unknown>, args: readonly unknown[]): MaybePromise<unknown> {
    const bound = bindArguments(method, this.sent.target, args, this.#uploads, this.caller.settings.enableDetailedErrors);
    if (isPromise(bound)) return bound.then((settled) => this.#run(method, context, settled));
    return this.#run(method, context, bound);
  }

  #run(method: DefinedMethod, context: HubContext<unknown, unknown>, bound: readonly unknown[]): unknown {
    const { target } = this.sent;
    if (method.generator && !this.streaming) throw new CallRefused(errorText.streamed(target));
    checkStreamCount(method, target, this.streamIds.length, this.caller.settings.enableDetailedErrors);
    return method.handler(context, ...bound);
  }
}
