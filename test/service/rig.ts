import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, type JWTPayload } from 'jose';
import type { Bus } from '../../src/backplane/bus.ts';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import type { Log } from '../../src/base/log.ts';
import type { FakeClock } from '../../src/conformance/fake-clock.ts';
import { Service, type ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';

/** The emulator's key, as it is documented. */
export const ACCESS_KEY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH';

/** A service of one or more nodes, and where clients and app servers come to. */
export interface Topology {
  readonly name: string;
  readonly nodes: number;
  /** The node of the nth client or app server's connection, by numbers from 0. */
  client(n: number): number;
  server(n: number): number;
}

/** One node without a bus. */
export const alone: Topology = { name: 'one node', nodes: 1, client: () => 0, server: () => 0 };
/** Clients at one node, and all app servers at the other. */
export const apart: Topology = { name: 'clients and app servers at two nodes', nodes: 2, client: () => 0, server: () => 1 };
/** Clients at one node, and app servers at both by turns. */
export const mixed: Topology = { name: 'app servers at two nodes', nodes: 2, client: () => 0, server: (n) => (n + 1) % 2 };

/** What has to hold wherever clients and app servers meet. */
export const topologies: readonly Topology[] = [alone, apart, mixed];

/** One node on a free port. */
class RigNode {
  readonly service: Service;
  readonly #server: Server;

  private constructor(options: ServiceOptions) {
    this.service = new Service(options);
    this.#server = createServer();
    this.service.attach(this.#server);
  }

  static async start(options: ServiceOptions): Promise<RigNode> {
    const node = new RigNode(options);
    node.#server.listen(0, '127.0.0.1');
    await once(node.#server, 'listening');
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await this.service.close({ timeout: 2_000 });
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A service on free ports, and what it logged. */
export class ServiceRig {
  readonly logged: { readonly id: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly nodes: RigNode[] = [];
  readonly #options: ServiceOptions;
  readonly #topology: Topology;
  readonly #connect: () => Bus;
  #clients = 0;
  #servers = 0;

  private constructor(options: Partial<ServiceOptions>, topology: Topology, connect: () => Bus) {
    const log: Log = (event, fields) => void this.logged.push({ id: event.id, fields });
    const nodes = { joinTime: 20, ...options.nodes };
    this.#options = { accessKeys: [ACCESS_KEY], log, ...options, nodes };
    this.#topology = topology;
    this.#connect = connect;
  }

  /** @param connect - makes a node's end of the bus; not called where there is one node */
  static async start(
    options: Partial<ServiceOptions> = {},
    topology: Topology = alone,
    connect: () => Bus = busesOf(new MemoryExchange()),
  ): Promise<ServiceRig> {
    const rig = new ServiceRig(options, topology, connect);
    for (let n = 0; n < topology.nodes; n++) await rig.addNode();
    return rig;
  }

  /** Starts one more node, and waits until all know each other. */
  async addNode(): Promise<RigNode> {
    const bus = this.#topology.nodes > 1 ? { bus: this.#connect() } : {};
    const node = await RigNode.start({ ...this.#options, ...bus });
    this.nodes.push(node);
    await this.#joined(node.service);
    await this.whole();
    return node;
  }

  /** Waits until all nodes know each other. */
  whole(): Promise<void> {
    return eventually(() => {
      const [first, ...others] = this.nodes.map(({ service }) => service.nodes?.others.size ?? 0);
      if (first !== this.nodes.length - 1 || others.some((size) => size !== first)) throw new Error('Nodes do not know each other.');
    });
  }

  /** The node that clients come to. */
  get service(): Service {
    return this.#node(this.#topology.client(0)).service;
  }

  /** Where the next client comes to. */
  get clientPort(): number {
    return this.#node(this.#topology.client(this.#clients++)).port;
  }

  /** Where the next app server's connection comes to. */
  get serverPort(): number {
    return this.#node(this.#topology.server(this.#servers++)).port;
  }

  get port(): number {
    return this.#node(this.#topology.client(0)).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As an app server is given it. */
  get connectionString(): string {
    const elsewhere = this.#topology.nodes > 1 ? `ServerEndpoint=http://127.0.0.1:${this.serverPort};` : '';
    return `Endpoint=${this.url};${elsewhere}AccessKey=${ACCESS_KEY};Version=1.0;`;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  /** The same, where time passes only when it is told to. */
  async closeAt(clock: FakeClock): Promise<void> {
    const closed = this.close();
    await eventually(() => {
      clock.advance(3_000);
      if (clock.tasks > 0) throw new Error('Somebody still waits for time to pass.');
    });
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A clock that stands still has to go on for a node to have waited for the others. */
  async #joined(service: Service): Promise<void> {
    const { clock } = this.#options;
    if (clock === undefined || !('advance' in clock)) return service.nodes?.joined;
    if (service.nodes?.joined === undefined) return;
    (clock as FakeClock).advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    return this.#joined(service);
  }

  #node(n: number): RigNode {
    const node = this.nodes[n];
    if (node === undefined) throw new Error(`There is no node ${n}.`);
    return node;
  }
}

const busesOf = (exchange: MemoryExchange) => (): Bus => exchange.connect();

/** What a token is about, besides its claims. */
export interface TokenTraits {
  readonly key?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expires?: number;
  readonly algorithm?: string;
}

/** A token as app servers make them: the audience has no port. */
export function tokenFor(door: 'client' | 'server', hub: string, claims: JWTPayload = {}, traits: TokenTraits = {}): Promise<string> {
  const { key = ACCESS_KEY, audience = `http://127.0.0.1/${door}/?hub=${hub}`, expires = 3_600, algorithm = 'HS256' } = traits;
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: '-683764486' })
    .setIssuer('azure-signalr')
    .setAudience(audience)
    .setIssuedAt(now)
    .setNotBefore(now + Math.min(0, expires))
    .setExpirationTime(now + expires)
    .sign(Buffer.from(key));
}
