import { CallRefused } from './call-refused.ts';
import { errorText } from './error-text.ts';
import type { HubContext } from './context.ts';
import type { Caller } from './caller.ts';
import { CallContext } from './hub-context.ts';
import type { SentInvocation } from './hub-call.ts';
import type { DefinedMethod } from './method-table.ts';
import { PlainCall } from './plain-call.ts';
import type { CallStatus } from '../telemetry/telemetry.ts';
import type { UploadStream } from './upload-stream.ts';

/** A plain invocation whose method is told when the caller wants no more of it. It runs to its end, and is answered, all the same. */
export class CancellableCall extends PlainCall {
  readonly #context: CallContext;
  #canceled = false;

  constructor(caller: Caller, method: DefinedMethod | undefined, sent: SentInvocation, uploads: readonly UploadStream[], bytes: number) {
    super(caller, method, sent, uploads, bytes);
    this.#context = new CallContext(caller);
  }

  protected override get context(): HubContext<unknown, unknown> {
    return this.#context;
  }

  /** The caller wants no more of it, or its connection has ended. */
  cancel(): void {
    this.#canceled = true;
    this.#context.stop();
  }

  protected override failed(error: unknown): void {
    // A method that is cancelled may well end with an error, which is then no news.
    if (!this.#canceled || error instanceof CallRefused) return super.failed(error);
    this.end(errorText.invoking(this.sent.target, error, this.caller.settings.enableDetailedErrors), 'canceled', error);
  }

  protected override end(error?: string, status?: CallStatus, cause?: unknown): void {
    if (this.invocationId !== undefined) this.caller.cancellableOver(this.invocationId);
    super.end(error, status, cause);
  }
}
