import { authenticated, defineHub, method, requireClaim, SignalR } from 'signalbox';
import { z } from 'zod';

const documents = defineHub()({
  authorize: authenticated, // on every request, wherever the hub is mapped
  methods: {
    read: method([z.string()], (_, id) => `Document ${id}`),
    remove: method([z.string()], { authorize: requireClaim('role', 'editor', 'admin') }, (_, id) => `${id} is gone`),
    rename: method([z.string()], { authorize: ({ user }, { args }) => user?.['owns'] === args[0] }, (_, id) => `${id} is renamed`),
  },
});

export const signalr = new SignalR().map('/documents', documents, {
  authorize: ({ user, request }) => user?.['tenant'] === request.url.hostname, // the endpoint's own; both have to agree
});
