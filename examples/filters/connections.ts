import { SignalR } from 'signalbox';

export const limited = new SignalR({
  connectionLimits: {
    server: 10_000,
    perUser: { limit: 1, atLimit: 'closeOldest' }, // one session a user
    perAddress: 200,
  },
});
