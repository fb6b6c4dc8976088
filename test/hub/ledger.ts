import type { Telemetry } from 'signalbox';
import type { ConnectionTelemetry, EndpointTelemetry, WriteQueue } from '../../src/transport/telemetry.ts';
import type { CallTelemetry, ClientTelemetry, HubTelemetry } from '../../src/telemetry/telemetry.ts';

/** What was told of one connection. */
export class Account {
  reconnects = 0;
  timedOut = false;
  /** Whether the host was closing, for each time that it was told of the end. */
  readonly ends: boolean[] = [];
  readonly congested = new Set<WriteQueue>();
}

/** Keeps what it is told, so that begins and ends can be held against each other. */
export class Ledger implements Telemetry {
  readonly negotiations: string[] = [];
  readonly accounts: Account[] = [];
  /** Messages of the hub protocol that came. */
  messages = 0;
  /** What hubs did when clients came and went, as it began and ended. */
  readonly lifetimes: string[] = [];
  /** How invocations ended, those included that could not begin. */
  readonly statuses: string[] = [];
  #calls = 0;

  /** Accounts and calls that have not come to an end. */
  get open(): readonly unknown[] {
    const calls = Array.from({ length: this.#calls }, () => 'call');
    return [...this.accounts.filter(({ ends }) => ends.length === 0), ...calls];
  }

  /** Accounts that ended more than once, or whose queue is still looked at. */
  get wrong(): readonly unknown[] {
    if (this.#calls < 0) return ['calls that ended twice'];
    return this.accounts.filter(({ ends, congested }) => ends.length > 1 || (ends.length === 1 && congested.size > 0));
  }

  readonly endpoint = (): EndpointTelemetry => ({
    negotiated: (status) => void this.negotiations.push(status),
    opened: () => this.#opened(),
  });

  readonly hub = (): HubTelemetry => ({
    opened: () => this.#client(),
    asked: () => {
      this.#calls++;
      return { ended: () => void this.#calls-- };
    },
  });

  #opened(): ConnectionTelemetry {
    const account = new Account();
    this.accounts.push(account);
    let full: WriteQueue | undefined;
    const drained = (): void => {
      if (full !== undefined) account.congested.delete(full);
      full = undefined;
    };
    return {
      received: () => {},
      wrote: () => {},
      sent: () => {},
      filled: (queue) => {
        full = queue;
        account.congested.add(queue);
      },
      drained,
      reconnected: () => {
        drained();
        account.reconnects++;
      },
      cut: () => {},
      timedOut: () => (account.timedOut = true),
      closed: (appShutdown) => {
        drained();
        account.ends.push(appShutdown);
      },
    };
  }

  #client(): ClientTelemetry {
    return {
      received: () => void this.messages++,
      itemReceived: () => {},
      itemSent: () => {},
      around: (event, run) => {
        this.lifetimes.push(event);
        return run();
      },
      refused: () => void this.statuses.push('refused'),
      called: () => this.#called(),
    };
  }

  #called(): CallTelemetry {
    this.#calls++;
    return {
      ended: (status) => {
        this.#calls--;
        this.statuses.push(status);
      },
    };
  }
}
