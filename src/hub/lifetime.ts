import type { MaybePromise } from '../base/promise.ts';
import type { ClientTelemetry } from '../telemetry/telemetry.ts';
import type { HubContext } from './context.ts';
import { runConnectedFilters, runDisconnectedFilters } from './filters.ts';
import type { HubHost } from './hub-host.ts';

/** A client whose coming and going a hub is told. */
export interface Visitor {
  /** Undefined where nobody wants to hear of it. */
  readonly telemetry: ClientTelemetry | undefined;
  /** Made when it is first asked for: a hub without handlers and filters never does. */
  readonly context: HubContext<unknown, unknown>;
}

/** Runs `connected` inside the filters. */
export function runConnected({ filters, definition: { connected } }: HubHost, client: Visitor): MaybePromise<unknown> {
  const run = (): MaybePromise<unknown> => {
    if (filters.length === 0) return connected?.(client.context);
    const { context } = client;
    return runConnectedFilters(filters, context, () => connected?.(context));
  };
  return client.telemetry === undefined ? run() : client.telemetry.around('OnConnectedAsync', run);
}

/** Runs `authenticationRefreshed`, which no filter stands around. */
export function runAuthenticationRefreshed({ definition: { authenticationRefreshed } }: HubHost, client: Visitor): MaybePromise<unknown> {
  const run = (): MaybePromise<unknown> => authenticationRefreshed?.(client.context);
  return client.telemetry === undefined ? run() : client.telemetry.around('OnAuthenticationRefreshedAsync', run);
}

/** Runs `disconnected` inside the filters. */
export function runDisconnected(
  { filters, definition: { disconnected } }: HubHost,
  client: Visitor,
  error: Error | undefined,
): MaybePromise<unknown> {
  const run = (): MaybePromise<unknown> => {
    if (filters.length === 0) return disconnected?.(client.context, error);
    const { context } = client;
    return runDisconnectedFilters(filters, context, error, () => disconnected?.(context, error));
  };
  return client.telemetry === undefined ? run() : client.telemetry.around('OnDisconnectedAsync', run);
}
