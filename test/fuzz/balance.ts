import type { ConnectionTelemetry, EndpointTelemetry, HubTelemetry, Telemetry, WriteQueue } from 'signalbox';

/** What telemetry was told of that began, and not of its end. */
export class Balance implements Telemetry {
  connections = 0;
  /** Invocations, and client results that were asked for. */
  calls = 0;
  /** Write queues that are looked at. */
  readonly congested = new Set<WriteQueue>();

  /** In words, beside so many connections that live on; nothing where all is told. */
  beyond(connections: number): readonly string[] {
    const found: string[] = [];
    if (this.connections !== connections) found.push(`${this.connections} connections instead of ${connections}`);
    if (this.calls !== 0) found.push(`${this.calls} invocations`);
    if (this.congested.size > 0) found.push(`${this.congested.size} congested connections`);
    return found;
  }

  readonly endpoint = (): EndpointTelemetry => ({ negotiated: nothing, opened: () => this.#opened() });

  readonly hub = (): HubTelemetry => ({
    opened: () => ({
      received: nothing,
      itemReceived: nothing,
      itemSent: nothing,
      around: (_, run) => run(),
      refused: nothing,
      called: () => this.#called(),
    }),
    asked: () => this.#called(),
  });

  #opened(): ConnectionTelemetry {
    this.connections++;
    let full: WriteQueue | undefined;
    const drained = (): void => {
      if (full !== undefined) this.congested.delete(full);
      full = undefined;
    };
    return {
      received: nothing,
      wrote: nothing,
      sent: nothing,
      filled: (queue) => {
        full = queue;
        this.congested.add(queue);
      },
      drained,
      reconnected: drained,
      cut: nothing,
      timedOut: nothing,
      closed: () => {
        drained();
        this.connections--;
      },
    };
  }

  #called(): { readonly ended: () => void } {
    this.calls++;
    return { ended: () => void this.calls-- };
  }
}

function nothing(): void {
  // Has no end.
}
