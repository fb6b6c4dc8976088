import { authenticated, defineHub, method, SignalR } from 'signalbox';
import { jwtBearer } from 'signalbox/jwt';

const authenticate = jwtBearer({
  jwks: 'https://login.example/.well-known/jwks.json',
  issuer: 'https://login.example/',
  audience: 'chat',
});
const chat = defineHub()({
  authorize: authenticated,
  methods: { hello: method([], ({ userId }) => `Hello, ${userId}`) },
});

export const signalr = new SignalR({ authenticate }).map('/chat', chat);
