import { eventually } from '../eventually.ts';
import { ScriptedServer, type ServerTraits } from './app-server.ts';
import { stickTo } from './bystanders.ts';
import { RawClient, type RawClientTraits } from './raw-client.ts';
import type { ServiceRig } from './rig.ts';

/** A client that is let in, with the id that app servers call it by. */
export interface Guest {
  readonly client: RawClient;
  readonly id: string;
}

/** An app server, and clients that are served by it alone. */
export class Place {
  readonly server: ScriptedServer;
  readonly #rig: ServiceRig;
  readonly #hub: string;

  private constructor(rig: ServiceRig, server: ScriptedServer, hub: string) {
    this.#rig = rig;
    this.server = server;
    this.#hub = hub;
  }

  static async open(rig: ServiceRig, traits: ServerTraits = {}): Promise<Place> {
    return new Place(rig, await ScriptedServer.connect(rig, traits), traits.hub ?? 'chat');
  }

  /** Lets a client in, as a user where `user` is given. */
  async guest(user?: string, traits: RawClientTraits = {}): Promise<Guest> {
    const claims = { ...stickTo(this.server), ...(user === undefined ? {} : { 'asrs.s.uid': user }), ...traits.claims };
    const client = await RawClient.connect(this.#rig, { hub: this.#hub, ...traits, claims });
    const { connectionId } = await this.server.accept();
    await eventually(() => {
      if (client.received.length === 0) throw new Error('The handshake was not answered.');
    });
    return { client, id: connectionId };
  }

  guests(...users: readonly (string | undefined)[]): Promise<readonly Guest[]> {
    return users.reduce<Promise<readonly Guest[]>>(
      async (before, user) => [...(await before), await this.guest(user)],
      Promise.resolve([]),
    );
  }
}

/** The names of the methods that each guest was asked to call, in order. */
export const targets = (guests: readonly Guest[]): readonly (readonly string[])[] =>
  guests.map(({ client }) => client.messages.flatMap((message) => (message as { target?: string }).target ?? []));
