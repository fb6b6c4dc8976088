import { HubError, type HubFilter } from 'signalbox';

/** Lets only so many clients into a hub, which `connectionLimits` can't tell apart. */
export const door = (places: number): HubFilter<unknown> => {
  let taken = 0;
  return {
    connected: async (_, next) => {
      if (taken >= places) throw new HubError('The room is full.');
      taken++;
      try {
        await next();
      } catch (error) {
        // Who does not come in does not leave either.
        taken--;
        throw error;
      }
    },
    disconnected: (_, _error, next) => {
      taken--;
      return next();
    },
  };
};
