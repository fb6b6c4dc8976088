import type { Audience, Backplane, BackplaneFactory } from 'signalbox';

/** Any backplane, with its sends counted by hub and by whom they are to. */
export function counted(make: BackplaneFactory, count: (hub: string, to: Audience['to']) => void): BackplaneFactory {
  return (hub, context): Backplane => {
    const backplane = make(hub, context);
    return {
      get state() {
        return backplane.state;
      },
      attach: (member) => backplane.attach(member),
      detach: (member) => backplane.detach(member),
      send(audience, message) {
        count(hub, audience.to);
        return backplane.send(audience, message);
      },
      join: (connectionId, group) => backplane.join(connectionId, group),
      leave: (connectionId, group) => backplane.leave(connectionId, group),
      invoke: (connectionId, target, args, cancellation) => backplane.invoke(connectionId, target, args, cancellation),
      complete: (member, completion, record) => backplane.complete(member, completion, record),
      close: () => backplane.close(),
    };
  };
}
