import { authenticated, defineHub, method, SignalR } from 'signalbox';
import { jwtBearer } from 'signalbox/jwt';

const prices = defineHub()({
  authorize: authenticated,
  authenticationRefreshed: ({ user, groups }) => (user?.['plan'] === 'free' ? groups.leave('premium') : groups.join('premium')),
  methods: { plan: method([], ({ user }) => user?.['plan']) },
});

export const serve = (secret: string) =>
  new SignalR({
    authenticate: jwtBearer({ secret }),
    closeOnAuthenticationExpiration: true,
    enableAuthenticationRefresh: true,
    onAuthenticationRefresh: ({ user }) => user?.['suspended'] !== true,
  }).map('/prices', prices);
