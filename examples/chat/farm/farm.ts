import type { HubClients } from 'signalbox';
import { redis, type RedisBackplaneFactory } from 'signalbox/redis';
import type { ChatClient, FarmView } from '../client.ts';
import type { Rooms } from '../rooms.ts';
import { tellWhoIsThere } from '../teller.ts';
import { Roster } from './roster.ts';

type Clients = HubClients<ChatClient>;

/** This server's place in a farm: how its hub reaches the others, and what its pages are told of them. */
export class Farm {
  readonly backplane: RedisBackplaneFactory;
  readonly #server: string;
  readonly #rooms: Rooms;
  readonly #roster: Roster;
  #left = false;

  /**
   * @param server - the server's name, for people
   * @throws SignalboxError SIGNALBOX_REDIS_ADDRESS
   */
  constructor(redisUrl: string, server: string, rooms: Rooms) {
    this.backplane = redis(redisUrl, { channelPrefix: 'signalbox-chat:' });
    this.#server = server;
    this.#rooms = rooms;
    this.#roster = new Roster({ redisUrl, server, rooms });
  }

  get view(): FarmView {
    return { server: this.#server, servers: this.#roster.servers, redis: this.backplane.state };
  }

  /** Tells this server's pages, from now on, what changes at the others. */
  tellThrough(clients: Clients): void {
    const tellView = (): void => {
      if (!this.#left) void clients.clients([...this.#rooms.pages]).farm(this.view);
    };
    this.backplane.events.on('failed', tellView);
    this.backplane.events.on('restored', tellView);
    this.#roster.events.on('servers', tellView);
    this.#roster.events.on('people', (rooms) => void tellWhoIsThere(clients, this.#rooms, rooms));
  }

  /** Leaves the farm. Before the hub is closed: what the others tell could not be told on behind that. */
  close(): Promise<void> {
    this.#left = true;
    this.#roster.events.removeAllListeners();
    return this.#roster.close();
  }
}
