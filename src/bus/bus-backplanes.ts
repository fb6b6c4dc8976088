import type { BackplaneFactory, BackplaneState } from '../backplane/backplane.ts';
import type { Bus } from '../backplane/bus.ts';
import { BusBackplane, type BusFarm } from './bus-backplane.ts';
import { busSettings, type BusOptions } from './options.ts';

/** Makes the backplane of each hub, and tells how they are. */
export interface BusBackplaneFactory extends BackplaneFactory {
  /** How the hubs are connected: `down` if one of them is, and `connected` if all are. */
  readonly state: BackplaneState;
  /** What came over the bus and no server of the farm would say; it was dropped. */
  readonly foreignMessages: number;
}

/**
 * Joins the servers of a farm over a bus, for the option `backplane` of a host. All hubs share the bus, which is closed with the last of them.
 *
 * @param bus - this server's end of the bus
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION
 */
export function busBackplane(bus: Bus, options: BusOptions = {}): BusBackplaneFactory {
  const backplanes = new Set<BusBackplane>();
  const farm: BusFarm = {
    bus,
    settings: busSettings(options),
    released: () => ([...backplanes].every(({ closed }) => closed) ? bus.close() : undefined),
  };
  const make: BackplaneFactory = (hub, context) => {
    const backplane = new BusBackplane(hub, context, farm);
    backplanes.add(backplane);
    return backplane;
  };
  return Object.defineProperties(make, {
    state: { get: () => stateOf(bus, backplanes) },
    foreignMessages: { get: () => [...backplanes].reduce((sum, { foreignMessages }) => sum + foreignMessages, 0) },
  }) as BusBackplaneFactory;
}

function stateOf({ state = 'connected' }: Bus, backplanes: ReadonlySet<BusBackplane>): BackplaneState {
  const states = new Set([...backplanes].filter(({ closed }) => !closed).map((backplane) => backplane.state));
  if (state === 'down' || states.has('down')) return 'down';
  return state === 'connecting' || states.has('connecting') ? 'connecting' : 'connected';
}
