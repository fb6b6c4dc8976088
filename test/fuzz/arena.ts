import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import process from 'node:process';
import { SignalR, type Claims, type ConnectionRequest, type Log } from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { Balance } from './balance.ts';
import { Bystander } from './bystander.ts';
import { fuzzHub, Lives } from './hub.ts';
import { transports } from './peers/client.ts';
import type { Connect } from './peers/exchange.ts';
import type { Link } from './peers/link.ts';
import { MemoryLink } from './peers/memory-link.ts';
import { TcpLink } from './peers/tcp-link.ts';
import { expectThat } from './same.ts';

/** What carries the bytes: memory, which is quick and has one order of events, or loopback. */
export type Medium = 'memory' | 'tcp';

/** Milliseconds of the arena's clock. */
export const times = { handshake: 400, keepAlive: 300, client: 900, poll: 300, disconnect: 500 };
/** How late a time-out may be: two ticks of the wheel. */
export const LATENESS = 200;
/** The clock goes on in steps, so that clients can answer in between. */
const STEP = 100;
/** Turns of the event loop without anything, after which nothing is expected any more. */
const QUIET_TURNS = 3;
/** Where somebody does not read, there is never quiet. */
const MOST_TURNS = 60;

/** Faults that are logged, because they must not be thrown. */
const faulty = new Set(['transport.opened-failed', 'transport.listener-failed', 'transport.write-failed', 'transport.hook-failed']);

/** Everyone is; it takes a while to find out for those who ask for that. */
const anonymous = ({ headers }: ConnectionRequest): Promise<undefined> | undefined =>
  headers.has('x-late') ? new Promise((resolve) => void setImmediate(() => resolve(undefined))) : undefined;

/** A server that is treated badly, the bystanders who must not notice, and everything that must hold afterwards. */
export class Arena {
  readonly clock = new FakeClock();
  readonly lives = new Lives();
  /** Whether the last `settle` came to its end: where somebody does not read, it can't. */
  settled = true;
  readonly #medium: Medium;
  readonly #server: Server;
  readonly #signalr: SignalR;
  /** The server's ends of TCP connections, by the client's port. */
  readonly #accepted = new Map<number, Socket>();
  /** Of the case that runs. */
  readonly #links = new Set<Link>();
  readonly #sockets = new Set<unknown>();
  readonly #faults: string[] = [];
  readonly #balance = new Balance();
  /** Connections that were logged as created, and not as removed. */
  readonly #created = new Set<unknown>();
  readonly #bystanders: Bystander[] = [];
  #activity = 0;
  #keptSockets = 0;

  private constructor(medium: Medium) {
    this.#medium = medium;
    this.#server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 }, (_, response) =>
      response.writeHead(418).end(),
    );
    this.#server.on('connection', (socket) => this.#connected(socket));
    this.#signalr = new SignalR<Claims>({
      clock: this.clock,
      log: this.#log,
      telemetry: this.#balance,
      handshakeTimeout: times.handshake,
      keepAliveInterval: times.keepAlive,
      clientTimeoutInterval: times.client,
      clientResultTimeout: times.client,
      disconnectTimeout: times.disconnect,
      longPolling: { pollTimeout: times.poll },
      maximumQueuedBytes: 150_000,
      maximumReceiveMessageSize: 4_096,
      // A real timer of the library: no case lasts that long.
      webSockets: { closeTimeout: 600_000 },
      authenticate: anonymous,
      allowStatefulReconnects: true,
      statefulReconnectBufferSize: 2_000,
    })
      .map('/hub', fuzzHub(this.lives))
      .attach(this.#server);
  }

  static async open(medium: Medium): Promise<Arena> {
    const arena = new Arena(medium);
    process.on('uncaughtException', arena.#fault).on('unhandledRejection', arena.#fault).on('warning', arena.#fault);
    arena.#server.listen(0, '127.0.0.1');
    await once(arena.#server, 'listening');
    for (const transport of transports) arena.#bystanders.push(await Bystander.meet(arena, transport));
    arena.#keptSockets = arena.#sockets.size;
    arena.#links.clear();
    return arena;
  }

  /** Opens a link of the case that runs. */
  readonly connect: Connect = (listener) => {
    const watched = {
      received: (chunk: Buffer): void => {
        this.#activity++;
        listener.received(chunk);
      },
      ended: (): void => {
        this.#activity++;
        listener.ended();
      },
    };
    const link = this.#medium === 'tcp' ? this.#connectTcp(watched) : this.#connectInMemory(watched);
    this.#links.add(link);
    return link;
  };

  /** Resolves when everything that is under way has arrived, and what follows from it. */
  readonly settle = async (): Promise<void> => {
    let quiet = 0;
    let turns = 0;
    for (; quiet < QUIET_TURNS && turns < MOST_TURNS; turns++) {
      const before = this.#activity;
      await new Promise<void>((resolve) => void setImmediate(resolve));
      quiet = this.#activity === before && this.#isQuiet() ? quiet + 1 : 0;
    }
    this.settled = quiet === QUIET_TURNS;
  };

  /** Lets time pass, and what follows from it. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= STEP) {
      this.clock.advance(Math.min(STEP, left));
      await this.settle();
    }
  }

  /** One of those who must not notice anything. */
  async greetBystander(index: number): Promise<void> {
    await this.#bystanders[index % this.#bystanders.length]?.greet();
  }

  /** What must hold when a case is over: all that it opened is cut, and nothing of it is left. */
  async conclude(): Promise<void> {
    for (const link of this.#links) link.cut();
    this.#links.clear();
    await this.settle();
    await this.pass(times.disconnect + LATENESS);
    for (const bystander of this.#bystanders) await bystander.greet();
    const alive = new Set(this.#bystanders.map(({ connectionId }) => connectionId));
    this.#expectNothingLeft(alive);
    this.lives.forget();
  }

  async close(): Promise<void> {
    for (const bystander of this.#bystanders) bystander.leave();
    for (const link of this.#links) link.cut();
    const end = { reached: false };
    const closing = this.#signalr.close().then(() => (end.reached = true));
    while (!end.reached) await this.pass(STEP);
    await closing;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    process.off('uncaughtException', this.#fault).off('unhandledRejection', this.#fault).off('warning', this.#fault);
  }

  #expectNothingLeft(alive: ReadonlySet<string>): void {
    const faults = this.#faults.splice(0);
    expectThat(faults.length === 0, 'faults:', ...faults);
    const wrong = [...this.lives.wrong(alive)];
    expectThat(wrong.length === 0, 'told wrongly of their end:', ...wrong);
    expectThat(this.lives.running === 0, 'methods and streams that have not ended:', this.lives.running);
    const unbalanced = [...this.#balance.beyond(alive.size)];
    expectThat(unbalanced.length === 0, 'telemetry was not told of the end of', ...unbalanced);
    const { connections } = this.#signalr;
    expectThat(connections === alive.size, 'places that are still taken:', connections - alive.size);
    expectThat(this.#created.size === alive.size, 'connections that were not logged as removed:', this.#created.size - alive.size);
    expectThat(this.#sockets.size === this.#keptSockets, 'sockets that are still open:', this.#sockets.size - this.#keptSockets);
  }

  #isQuiet(): boolean {
    for (const link of this.#links) if (!link.quiet) return false;
    return true;
  }

  #connectInMemory(listener: Parameters<Connect>[0]): Link {
    const link = new MemoryLink(listener);
    this.#server.emit('connection', link.socket);
    return link;
  }

  #connectTcp(listener: Parameters<Connect>[0]): Link {
    const { port } = this.#server.address() as AddressInfo;
    return new TcpLink(port, (from) => this.#accepted.get(from), listener);
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    const port = socket.remotePort;
    if (port !== undefined) this.#accepted.set(port, socket);
    socket.once('close', () => {
      this.#activity++;
      this.#sockets.delete(socket);
      if (port !== undefined) this.#accepted.delete(port);
    });
  }

  readonly #log: Log = ({ id }, { connectionId }, error) => {
    if (faulty.has(id)) this.#fault(error);
    if (id === 'transport.created') this.#created.add(connectionId);
    if (id === 'transport.removed' && !this.#created.delete(connectionId)) this.#fault(`${String(connectionId)} was removed twice`);
  };

  readonly #fault = (error: unknown): void => {
    this.#faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
}
