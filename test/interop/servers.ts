import { redisIsHere } from '../redis/redis-server.ts';
import { missingDotnet, startAspNetCore } from './aspnetcore.ts';
import { CuttableLink } from './cuttable-link.ts';
import { differences, type DifferenceKey } from './differences.ts';
import { placeDifferences, type PlaceDifference, type PlaceDifferenceKey, type PlaceName, type PlacesOf } from './place-differences.ts';
import type { CuttableWay, LaunchOptions, RunningServer } from './running-server.ts';

export type ServerName = 'aspnetcore' | 'signalbox';
export type TransportName = 'WebSockets' | 'ServerSentEvents' | 'LongPolling';
export type ProtocolName = 'json' | 'messagepack';

/** One way to talk to a server. */
export interface Cell {
  readonly transport: TransportName;
  readonly protocol: ProtocolName;
}

interface ServerDescription {
  readonly name: ServerName;
  /** Default `alone`. */
  readonly place?: PlaceName;
  readonly cells: readonly Cell[];
  /** Why the server can't run here, or undefined. */
  readonly missing: string | undefined;
  readonly launch: (options?: LaunchOptions) => Promise<RunningServer>;
}

/** A server under the suite, or a farm of them. All tests of a file share its processes. */
export class InteropServer {
  readonly name: ServerName;
  readonly place: PlaceName;
  /** The ways to talk to it that are tried. */
  readonly cells: readonly Cell[];
  readonly missing: string | undefined;
  readonly #launch: ServerDescription['launch'];
  readonly #met = new Set<DifferenceKey>();
  readonly #metHere = new Set<PlaceDifferenceKey>();
  #running: RunningServer | undefined;

  constructor({ name, place = 'alone', cells, missing, launch }: ServerDescription) {
    this.name = name;
    this.place = place;
    this.cells = cells;
    this.missing = missing;
    this.#launch = launch;
  }

  /** The origin of the shared process; in a farm, of its first server. Throws before `start`. */
  get url(): string {
    return this.#started.url;
  }

  /** The origins of all servers. */
  get urls(): readonly string[] {
    const { url, others = [] } = this.#started;
    return [url, ...others];
  }

  /** The origin of the server that acts from outside its hubs: in a farm, not the one at which a test's first client is. */
  get outside(): string {
    return this.urls.at(-1) as string;
  }

  /** Waits until every server of a farm has had its say: see RunningServer. */
  get fence(): RunningServer['fence'] {
    return this.#started.fence;
  }

  /** What is expected of this server where the two are meant to differ. */
  differs<Expected>(key: DifferenceKey, expected: Readonly<Record<ServerName, Expected>>): Expected {
    this.#met.add(key);
    return expected[this.name];
  }

  /** What is expected where the server runs, where that is meant to make a difference. */
  differsAt<Key extends PlaceDifferenceKey, Expected>(key: Key, expected: Readonly<Record<'alone' | PlacesOf<Key>, Expected>>): Expected {
    this.#metHere.add(key);
    const byPlace: Readonly<Partial<Record<PlaceName, Expected>>> & Readonly<Record<'alone', Expected>> = expected;
    return byPlace[this.place] ?? byPlace.alone;
  }

  /** The intended differences that no test has looked up. */
  get unmet(): readonly string[] {
    return Object.keys(differences).filter((key) => !this.#met.has(key as DifferenceKey));
  }

  /** Those of the place. */
  get unmetHere(): readonly string[] {
    const here = Object.entries<PlaceDifference>(placeDifferences).filter(([, entry]) => this.place in entry);
    return here.map(([key]) => key).filter((key) => !this.#metHere.has(key as PlaceDifferenceKey));
  }

  async start(): Promise<void> {
    this.#running = await this.#launch();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  /** A server of its own, for a test that stops it, or that needs what a whole process has only once. */
  another(options?: LaunchOptions): Promise<RunningServer> {
    return this.#launch(options);
  }

  /** A way to the server that can be cut; in a farm, not to the one at which a test's first client is. */
  async cuttable(): Promise<CuttableWay> {
    if (this.#started.cuttable !== undefined) return this.#started.cuttable();
    const link = await CuttableLink.open(this.outside);
    return { link, origin: link.url, close: async () => link.close() };
  }

  get #started(): RunningServer {
    if (!this.#running) throw new Error(`${this.name} was not started`);
    return this.#running;
  }
}

const transports: readonly TransportName[] = ['WebSockets', 'ServerSentEvents', 'LongPolling'];
const inText: readonly Cell[] = transports.map((transport) => ({ transport, protocol: 'json' }));
/** What stands between clients and hubs elsewhere is the same for all transports. */
const cellsOfFarms: readonly Cell[] = [...inText, { transport: 'WebSockets', protocol: 'messagepack' }];
/** Every transport with every protocol that it can carry: server-sent events are text. */
const everyCell: readonly Cell[] = [...cellsOfFarms, { transport: 'LongPolling', protocol: 'messagepack' }];

/** The reference: ASP.NET Core SignalR as the .NET SDK on this machine has it. MessagePack would need a NuGet package. */
export function aspNetCore(): InteropServer {
  return new InteropServer({ name: 'aspnetcore', cells: inText, missing: missingDotnet(), launch: startAspNetCore });
}

export function signalbox(): InteropServer {
  // Loaded when it is started, so that the suite can run on the reference whatever state the source is in.
  const launch = async (options?: LaunchOptions): Promise<RunningServer> => (await import('./signalbox.ts')).startSignalbox(options);
  return new InteropServer({ name: 'signalbox', cells: everyCell, missing: undefined, launch });
}

/** Two servers, and clients at both. */
export function behindRedis(): InteropServer {
  const launch = async (): Promise<RunningServer> => (await import('./behind-redis.ts')).startBehindRedis();
  const missing = redisIsHere ? undefined : 'there is no redis-server';
  return new InteropServer({ name: 'signalbox', place: 'redis', cells: cellsOfFarms, missing, launch });
}

/** Two app servers, and clients of both. */
export function behindService(): InteropServer {
  const launch = async (): Promise<RunningServer> => (await import('./behind-service.ts')).startBehindService();
  return new InteropServer({ name: 'signalbox', place: 'service', cells: cellsOfFarms, missing: undefined, launch });
}
