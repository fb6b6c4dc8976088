import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientSetup } from './client.ts';
import type { Dialect, DialectName } from './dialect.ts';
import { LongPollingLink, ServerSentEventsLink } from './http-link.ts';
import type { OpenLink, TransportName } from './link.ts';
import { openMany } from './open-many.ts';
import type { LoadPlan, LoadReport, Stage } from './plan.ts';
import { residentOfAll } from './process-usage.ts';
import { SignalRJson } from './signalr-json.ts';
import { SignalRMessagePack } from './signalr-messagepack.ts';
import { SocketIo } from './socket-io.ts';
import { StatefulWebSocketLink } from './stateful-link.ts';
import { Tally } from './tally.ts';
import { WebSocketLink } from './websocket-link.ts';
import { Window, type Watched, type WindowReading } from './window.ts';
import { workloadFor } from './workload-for.ts';

/** Called at each stage; the run goes on when it resolves. */
export type AtStage = (stage: Stage) => Promise<void>;

/** Milliseconds between two looks at whether all has come in. */
const LOOK = 5;
/** Work whose first connections cost more than others: code is compiled and loaded, and pools are made. */
const warmed: ReadonlySet<LoadPlan['work']['kind']> = new Set(['storm', 'idle']);
/** Connections that come and go before such is measured. */
const WARM_CONNECTIONS = 300;

const dialects: Readonly<Record<DialectName, (stateful: boolean) => Dialect>> = {
  'signalr-json': (stateful) => new SignalRJson(stateful),
  'signalr-messagepack': () => new SignalRMessagePack(),
  'socket.io': () => new SocketIo(),
};

const links: Readonly<Record<TransportName, OpenLink>> = {
  webSockets: (...given) => new WebSocketLink(...given),
  statefulWebSockets: (...given) => new StatefulWebSocketLink(...given),
  serverSentEvents: (...given) => new ServerSentEventsLink(...given),
  longPolling: (...given) => new LongPollingLink(...given),
};

/**
 * Puts a server under load and measures it.
 *
 * @throws Error when the server refuses connections, or can't do what the plan asks for
 */
export async function runLoad(plan: LoadPlan, atStage: AtStage = () => Promise.resolve()): Promise<LoadReport> {
  const run = new Run(plan, atStage);
  try {
    return await run.measure();
  } finally {
    run.end();
  }
}

class Run {
  readonly #plan: LoadPlan;
  readonly #atStage: AtStage;
  readonly #tally = new Tally();
  /** One for each server. */
  readonly #setups: readonly ClientSetup[];
  readonly #dialect: Dialect;
  readonly #watched: Watched;
  readonly #clients: Client[] = [];

  constructor(plan: LoadPlan, atStage: AtStage) {
    this.#plan = plan;
    this.#atStage = atStage;
    const { endpoint, pid, others = [], besidePid } = plan;
    const dialect = dialects[plan.dialect](plan.transport === 'statefulWebSockets');
    const endpoints = [endpoint, ...others.map((other) => other.endpoint)];
    const openLink = links[plan.transport];
    this.#setups = endpoints.map((one): ClientSetup => ({ endpoint: one, dialect, openLink, tally: this.#tally }));
    this.#dialect = dialect;
    this.#watched = {
      servers: pid === undefined ? [] : [pid, ...others.map((other) => other.pid)],
      beside: besidePid === undefined ? [] : [besidePid],
    };
  }

  async measure(): Promise<LoadReport> {
    if (warmed.has(this.#plan.work.kind)) await this.#warmUpConnections();
    await this.#atStage('connecting');
    const before = this.#resident();
    const reading = this.#plan.work.kind === 'storm' ? await this.#measureStorm() : await this.#measureTraffic();
    return this.#report(reading, before);
  }

  end(): void {
    for (const client of this.#clients.splice(0)) client.destroy();
  }

  async #measureTraffic(): Promise<WindowReading> {
    const { warmUp, duration, settling } = this.#plan;
    await this.#open(this.#plan.connections);
    const workload = workloadFor(this.#plan, this.#clients, this.#dialect, this.#tally);
    await workload.prepare?.();
    await this.#atStage('connected');
    workload.start();
    await sleep(warmUp);
    await this.#atStage('warm');
    const window = new Window(this.#tally, this.#watched);
    await sleep(duration);
    const reading = window.end();
    await this.#atStage('measured');
    workload.stop();
    for (let waited = 0; workload.pending > 0 && waited < settling; waited += LOOK) await sleep(LOOK);
    workload.finish();
    return reading;
  }

  async #warmUpConnections(): Promise<void> {
    await this.#open(Math.min(WARM_CONNECTIONS, this.#plan.connections));
    this.end();
    this.#tally.latency.clear();
  }

  async #measureStorm(): Promise<WindowReading> {
    await this.#atStage('connected');
    await this.#atStage('warm');
    const window = new Window(this.#tally, this.#watched);
    await this.#open(this.#plan.connections);
    this.#tally.messages += this.#clients.length;
    const reading = window.end();
    await this.#atStage('measured');
    return reading;
  }

  #open(count: number): Promise<void> {
    const open = async (index: number): Promise<Client> => {
      const begun = performance.now();
      const client = await Client.open(this.#setups[index % this.#setups.length] as ClientSetup);
      this.#tally.latency.add(performance.now() - begun);
      return client;
    };
    return openMany(count, open, (client) => this.#clients.push(client));
  }

  #resident(): number | undefined {
    return residentOfAll(this.#watched.servers);
  }

  #report(reading: WindowReading, before: number | undefined): LoadReport {
    const after = this.#resident();
    const besideResident = residentOfAll(this.#watched.beside);
    const { latency, faults } = this.#tally;
    return {
      ...reading,
      connections: this.#clients.length,
      latency: latency.pack(),
      ...(before !== undefined && after !== undefined && { resident: { before, after } }),
      ...(besideResident !== undefined && { besideResident }),
      faults: faults.counts,
      examples: faults.examples,
    };
  }
}
