import type { MaybePromise } from '../base/promise.ts';
import type { Headers } from '../protocol/hub/message.ts';
import type { Connection } from '../transport/connection.ts';
import type { EndpointTelemetry } from '../transport/telemetry.ts';
import type { WatchedBackplane } from './backplane-record.ts';
import type { ServiceReadings } from './service-readings.ts';

/**
 * Hears what happens on a host, to count and time it or to trace it. `signalbox/opentelemetry` and `signalbox/prometheus` make
 * it; this is for those who record something else.
 *
 * An implementer guarantees that no call throws or waits: most are made for each message. One telemetry may serve several hosts.
 * Names are those of hubs (or the path of a hub without a name, and of a raw connection's endpoint) and of methods that a hub
 * declares: there are as many as the program has.
 */
export interface Telemetry {
  /** Asked once for each path that is mapped. Left out by those who don't care for connections. */
  readonly endpoint?: (name: string) => EndpointTelemetry;
  /** Asked once for each hub. Left out by those who don't care for hubs. */
  readonly hub?: (name: string) => HubTelemetry;
  /** Told once of each service, which can be read from then on. Left out by those who don't care for services. */
  readonly service?: (readings: ServiceReadings) => void;
}

/** What a hub tells. */
export interface HubTelemetry {
  /** A client has come. Called while the request that opened its connection is being served, and thus in that request's context. */
  opened(connection: Connection): ClientTelemetry;
  /** A client is asked for a result; what is returned is told of the end. `method` has a validator among the hub's `results`. */
  asked(method: string): AnswerTelemetry;
  /** The hub has a backplane that says how it stands. Returns what to call when it has closed. Left out by those who do not look. */
  joined?(backplane: WatchedBackplane): () => void;
}

/** The end of a client result. */
export interface AnswerTelemetry {
  /** @param error - why there is no result; undefined where there is */
  ended(error?: unknown): void;
}

/** What one client's connection to a hub tells. */
export interface ClientTelemetry {
  /** A message of the hub protocol came, of whatever type. */
  received(): void;
  /** An item came on one of the client's streams. */
  itemReceived(): void;
  /** An item goes out on a stream to the client. */
  itemSent(): void;
  /** Runs what the hub does when the client has come or has gone. What `run` throws or rejects with goes on to the caller. */
  around<Result>(event: LifetimeEvent, run: () => MaybePromise<Result>): MaybePromise<Result>;
  /** An invocation was answered with an error before it could begin. `method` is undefined where the hub has none of that name. */
  refused(method: string | undefined): void;
  /** An invocation begins. */
  called(invocation: CalledMethod): CallTelemetry;
}

/** In the reference server's names. */
export type LifetimeEvent = 'OnConnectedAsync' | 'OnAuthenticationRefreshedAsync' | 'OnDisconnectedAsync';

/** An invocation that begins. */
export interface CalledMethod {
  /** As the hub declares it; undefined where the hub has no such method. */
  readonly method: string | undefined;
  /** What the client sent with the invocation: its trace context, if it traces. Anything may stand in it. */
  readonly headers: Headers | undefined;
  /** Whether the client wants a stream. */
  readonly streaming: boolean;
  /** How many streams the client sends with it. */
  readonly uploads: number;
}

/**
 * How an invocation ended. `error`: the method, or a filter, failed, if with a `HubError`. `refused`: it did not get to the method:
 * there is none, it may not be called, or its arguments are wrong. `canceled`: the client wants no more of it, or has gone.
 */
export type CallStatus = 'ok' | 'error' | 'refused' | 'canceled';

/** One invocation, from its beginning to its end. */
export interface CallTelemetry {
  /**
   * Runs a part of it: filters and the method, and each step of a stream. Returns and throws what `work` does. Left out by those who need
   * not stand around it: that saves a closure for each.
   */
  run?<Result>(work: () => Result): Result;
  /** It is over, a stream included. Called once. */
  ended(status: CallStatus, error?: unknown): void;
}
