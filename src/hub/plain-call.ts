import type { HubContext } from './context.ts';
import { errorText } from './error-text.ts';
import { HubCall } from './hub-call.ts';
import { streamOfResult } from './streams.ts';

/** An invocation that is answered once, or not at all. */
export class PlainCall extends HubCall {
  protected readonly streaming = false;

  get counts(): boolean {
    return this.streamIds.length === 0;
  }

  protected get context(): HubContext<unknown, unknown> {
    return this.caller.context;
  }

  protected override succeeded(result: unknown): void {
    const stream = streamOfResult(result);
    if (stream !== undefined) {
      void Promise.resolve(stream.return?.()).catch(() => {});
      this.end(errorText.streamed(this.sent.target), 'refused');
      return;
    }
    this.end();
    const { invocationId } = this;
    if (invocationId !== undefined) this.caller.complete(invocationId, this.sent.target, result);
  }
}
