import { missingDotnet, startAspNetCore } from './aspnetcore.ts';
import { differences, type DifferenceKey } from './differences.ts';
import type { LaunchOptions, RunningServer } from './running-server.ts';

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
  readonly protocols: readonly ProtocolName[];
  /** Why the server can't run here, or undefined. */
  readonly missing: string | undefined;
  readonly launch: (options?: LaunchOptions) => Promise<RunningServer>;
}

/** One of the two servers under the suite. All tests of a file share its process. */
export class InteropServer {
  readonly name: ServerName;
  readonly protocols: readonly ProtocolName[];
  readonly transports: readonly TransportName[] = ['WebSockets', 'ServerSentEvents', 'LongPolling'];
  readonly missing: string | undefined;
  readonly #launch: ServerDescription['launch'];
  readonly #met = new Set<DifferenceKey>();
  #running: RunningServer | undefined;

  constructor({ name, protocols, missing, launch }: ServerDescription) {
    this.name = name;
    this.protocols = protocols;
    this.missing = missing;
    this.#launch = launch;
  }

  /** The origin of the shared process. Throws before `start`. */
  get url(): string {
    if (!this.#running) throw new Error(`${this.name} was not started`);
    return this.#running.url;
  }

  /** Every transport with every protocol that it can carry: server-sent events are text. */
  get cells(): readonly Cell[] {
    const all = this.transports.flatMap((transport) => this.protocols.map((protocol) => ({ transport, protocol })));
    return all.filter(({ transport, protocol }) => transport !== 'ServerSentEvents' || protocol === 'json');
  }

  /** What is expected of this server where the two are meant to differ. */
  differs<Expected>(key: DifferenceKey, expected: Readonly<Record<ServerName, Expected>>): Expected {
    this.#met.add(key);
    return expected[this.name];
  }

  /** The intended differences that no test has looked up. */
  get unmet(): readonly string[] {
    return Object.keys(differences).filter((key) => !this.#met.has(key as DifferenceKey));
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
}

/** The reference: ASP.NET Core SignalR as the .NET SDK on this machine has it. MessagePack would need a NuGet package. */
export function aspNetCore(): InteropServer {
  return new InteropServer({ name: 'aspnetcore', protocols: ['json'], missing: missingDotnet(), launch: startAspNetCore });
}

export function signalbox(): InteropServer {
  // Loaded when it is started, so that the suite can run on the reference whatever state the source is in.
  const launch = async (options?: LaunchOptions): Promise<RunningServer> => (await import('./signalbox.ts')).startSignalbox(options);
  return new InteropServer({ name: 'signalbox', protocols: ['json', 'messagepack'], missing: undefined, launch });
}
