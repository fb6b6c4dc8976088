import type { HubContext } from './context.ts';
import type { HubFilter, Invocation } from './filter.ts';

type Filters = readonly HubFilter<unknown>[];
type Context = HubContext<unknown, unknown>;

/** Runs a call inside the filters, the first outermost. */
export function runInvokeFilters(
  filters: Filters,
  invocation: Invocation<unknown>,
  call: (invocation: Invocation<unknown>) => unknown,
): Promise<unknown> {
  const runFrom = async (index: number, current: Invocation<unknown>): Promise<unknown> => {
    const filter = filters[index];
    if (filter === undefined) return call(current);
    if (filter.invoke === undefined) return runFrom(index + 1, current);
    return filter.invoke(current, (changed) => runFrom(index + 1, changed ?? current));
  };
  return runFrom(0, invocation);
}

export function runConnectedFilters(filters: Filters, context: Context, connected: () => unknown): Promise<void> {
  const runFrom = async (index: number): Promise<void> => {
    const filter = filters[index];
    if (filter === undefined) await connected();
    else if (filter.connected === undefined) await runFrom(index + 1);
    else await filter.connected(context, () => runFrom(index + 1));
  };
  return runFrom(0);
}

export function runDisconnectedFilters(
  filters: Filters,
  context: Context,
  error: Error | undefined,
  disconnected: () => unknown,
): Promise<void> {
  const runFrom = async (index: number): Promise<void> => {
    const filter = filters[index];
    if (filter === undefined) await disconnected();
    else if (filter.disconnected === undefined) await runFrom(index + 1);
    else await filter.disconnected(context, error, () => runFrom(index + 1));
  };
  return runFrom(0);
}
