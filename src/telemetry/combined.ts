import type { MaybePromise } from '../base/promise.ts';
import type { Connection, TransportName } from '../transport/connection.ts';
import type { ConnectionTelemetry, EndpointTelemetry, NegotiationStatus, SlowClientReason, WriteQueue } from '../transport/telemetry.ts';
import type { WatchedBackplane } from './backplane-record.ts';
import type {
  AnswerTelemetry,
  CalledMethod,
  CallStatus,
  CallTelemetry,
  ClientTelemetry,
  HubTelemetry,
  LifetimeEvent,
  Telemetry,
} from './telemetry.ts';

/** Tells all of them what happens: one that counts and one that traces, say. Undefined where there are none. */
export function combined(all: readonly Telemetry[]): Telemetry | undefined {
  const [first, ...others] = all;
  return first && others.reduce(both, first);
}

function both(first: Telemetry, second: Telemetry): Telemetry {
  const endpoint = either(first.endpoint, second.endpoint, (one, two) => new BothEndpoints(one, two));
  const hub = either(first.hub, second.hub, (one, two) => new BothHubs(one, two));
  const services = [first.service, second.service].filter((service) => service !== undefined);
  return {
    ...(endpoint && { endpoint }),
    ...(hub && { hub }),
    ...(services.length > 0 && { service: (readings) => services.forEach((service) => service(readings)) }),
  };
}

type Named<Value> = ((name: string) => Value) | undefined;

function either<Value>(first: Named<Value>, second: Named<Value>, join: (one: Value, two: Value) => Value): Named<Value> {
  if (first === undefined || second === undefined) return first ?? second;
  return (name) => join(first(name), second(name));
}

/** Two of a kind, for the classes below. */
abstract class Both<Part> {
  protected readonly one: Part;
  protected readonly two: Part;

  constructor(one: Part, two: Part) {
    this.one = one;
    this.two = two;
  }
}

class BothEndpoints extends Both<EndpointTelemetry> implements EndpointTelemetry {
  negotiated(status: NegotiationStatus): void {
    this.one.negotiated(status);
    this.two.negotiated(status);
  }

  opened(transport: TransportName): ConnectionTelemetry {
    return new BothConnections(this.one.opened(transport), this.two.opened(transport));
  }
}

class BothConnections extends Both<ConnectionTelemetry> implements ConnectionTelemetry {
  received(bytes: number): void {
    this.one.received(bytes);
    this.two.received(bytes);
  }

  wrote(): void {
    this.one.wrote();
    this.two.wrote();
  }

  sent(bytes: number): void {
    this.one.sent(bytes);
    this.two.sent(bytes);
  }

  filled(queue: WriteQueue): void {
    this.one.filled(queue);
    this.two.filled(queue);
  }

  drained(): void {
    this.one.drained();
    this.two.drained();
  }

  reconnected(): void {
    this.one.reconnected();
    this.two.reconnected();
  }

  cut(reason: SlowClientReason): void {
    this.one.cut(reason);
    this.two.cut(reason);
  }

  timedOut(): void {
    this.one.timedOut();
    this.two.timedOut();
  }

  closed(appShutdown: boolean): void {
    this.one.closed(appShutdown);
    this.two.closed(appShutdown);
  }
}

class BothHubs extends Both<HubTelemetry> implements HubTelemetry {
  opened(connection: Connection): ClientTelemetry {
    return new BothClients(this.one.opened(connection), this.two.opened(connection));
  }

  asked(method: string): AnswerTelemetry {
    return new BothAnswers(this.one.asked(method), this.two.asked(method));
  }

  joined(backplane: WatchedBackplane): () => void {
    const ends = [this.one.joined?.(backplane), this.two.joined?.(backplane)];
    return () => {
      for (const end of ends) end?.();
    };
  }
}

class BothAnswers extends Both<AnswerTelemetry> implements AnswerTelemetry {
  ended(error?: unknown): void {
    this.one.ended(error);
    this.two.ended(error);
  }
}

class BothClients extends Both<ClientTelemetry> implements ClientTelemetry {
  received(): void {
    this.one.received();
    this.two.received();
  }

  itemReceived(): void {
    this.one.itemReceived();
    this.two.itemReceived();
  }

  itemSent(): void {
    this.one.itemSent();
    this.two.itemSent();
  }

  around<Result>(event: LifetimeEvent, run: () => MaybePromise<Result>): MaybePromise<Result> {
    return this.one.around(event, () => this.two.around(event, run));
  }

  refused(method: string | undefined): void {
    this.one.refused(method);
    this.two.refused(method);
  }

  called(invocation: CalledMethod): CallTelemetry {
    return new BothCalls(this.one.called(invocation), this.two.called(invocation));
  }
}

class BothCalls extends Both<CallTelemetry> implements CallTelemetry {
  run<Result>(work: () => Result): Result {
    const inner = (): Result => (this.two.run === undefined ? work() : this.two.run(work));
    return this.one.run === undefined ? inner() : this.one.run(inner);
  }

  ended(status: CallStatus, error?: unknown): void {
    this.two.ended(status, error);
    this.one.ended(status, error);
  }
}
