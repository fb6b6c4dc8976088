import { errorText } from './error-text.ts';
import { HubCall } from './hub-call.ts';
import type { StreamInvocationMessage } from '../protocol/hub/message.ts';
import type { Caller } from './caller.ts';
import { CallContext } from './hub-context.ts';
import type { DefinedMethod } from './method-table.ts';
import type { CallStatus } from '../telemetry/telemetry.ts';
import { ServerStream } from './server-stream.ts';
import { streamOfResult, within } from './streams.ts';
import type { UploadStream } from './upload-stream.ts';

/** An invocation that is answered by a stream of items. It can be cancelled from the moment it was read. */
export class StreamCall extends HubCall {
  readonly counts = false;
  protected readonly streaming = true;
  protected readonly context: CallContext;
  declare protected readonly sent: StreamInvocationMessage;
  #stream: ServerStream | undefined;
  #over = false;

  constructor(
    caller: Caller,
    method: DefinedMethod | undefined,
    sent: StreamInvocationMessage,
    uploads: readonly UploadStream[],
    bytes: number,
  ) {
    super(caller, method, sent, uploads, bytes);
    this.context = new CallContext(caller);
  }

  override run(): PromiseLike<void> | undefined {
    return this.#over ? undefined : super.run();
  }

  /** The caller wants no more of it. The id is free at once, however long the method takes to notice. */
  cancel(): void {
    if (this.#over) return;
    this.end(undefined, 'canceled');
    this.caller.completeStream(this.sent.invocationId);
  }

  /** The connection has ended. */
  stop(): void {
    if (!this.#over) this.end(undefined, 'canceled');
  }

  /** The stream wrote more than the client took; now there is room again. */
  drained(): void {
    this.#stream?.drained();
  }

  protected override succeeded(result: unknown): void {
    const items = streamOfResult(result);
    if (items === undefined) {
      if (!this.#over) this.end(result === null ? errorText.noStream(this.sent.target) : errorText.notStreamed(this.sent.target));
      return;
    }
    const { telemetry } = this;
    const observed = telemetry?.run === undefined ? items : within(telemetry.run.bind(telemetry), items);
    const stream = new ServerStream(observed, this.caller, this.sent, (error, cause) => this.#streamEnded(error, cause));
    this.#stream = stream;
    if (this.#over) stream.stop();
    else stream.start();
  }

  protected override failed(error: unknown): void {
    // A method that is cancelled may well end with an error, which is then no news.
    if (!this.#over) super.failed(error);
  }

  protected override end(error?: string, status?: CallStatus, cause?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.caller.streamOver(this.sent.invocationId);
    this.context.stop();
    this.#stream?.stop();
    super.end(error, status, cause);
  }

  #streamEnded(error: string | undefined, cause: unknown): void {
    if (this.#over) return;
    this.end(error, undefined, cause);
    if (error === undefined) this.caller.completeStream(this.sent.invocationId);
  }
}
