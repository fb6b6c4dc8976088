import { expect } from 'vitest';
import type { TransportName } from '../../src/transport/connection.ts';
import type { ConnectionTelemetry, EndpointTelemetry } from '../../src/transport/telemetry.ts';
import { eventually } from '../eventually.ts';

/** Keeps what it is told, as one line each. */
export class Told implements EndpointTelemetry {
  readonly lines: string[] = [];

  negotiated(status: string): void {
    this.lines.push(`negotiated ${status}`);
  }

  opened(transport: TransportName): ConnectionTelemetry {
    const tell = (line: string): void => void this.lines.push(line);
    tell(`opened ${transport}`);
    return {
      received: (bytes) => tell(`received ${bytes}`),
      wrote: () => tell('wrote'),
      sent: (bytes) => tell(`sent ${bytes}`),
      filled: (queue) => tell(`filled ${queue.queued > 0}`),
      drained: () => tell('drained'),
      reconnected: () => tell('reconnected'),
      cut: (reason) => tell(`cut ${reason}`),
      timedOut: () => tell('timedOut'),
      closed: (appShutdown) => tell(`closed ${appShutdown}`),
    };
  }

  /** Resolves when the last line is this. */
  async last(line: string): Promise<void> {
    await eventually(() => expect(this.lines.at(-1)).toBe(line));
  }
}
