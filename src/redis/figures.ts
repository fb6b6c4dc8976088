import type { BackplaneFigures } from '../backplane/figures.ts';

/** How one hub's backplane does. `lost` are messages that Redis never took, `roundTrip` is how long Redis took to answer the last ping. */
export interface RedisFigures extends Required<Omit<BackplaneFigures, 'roundTrip'>>, Pick<BackplaneFigures, 'roundTrip'> {
  readonly roundTrip: number | undefined;
}
