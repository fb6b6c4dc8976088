import { onTestFinished } from 'vitest';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { readOptions } from '../../src/base/option-table.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { Cluster, type HubBody } from '../../src/cluster/cluster.ts';
import { clusterOptions, type ClusterSettings } from '../../src/cluster/options.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { WeakBus } from './weak-bus.ts';

/** What has been said over a bus in memory has been heard, and answered, after some turns of the event loop. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** One node, and what it was told. */
export interface TestNode {
  readonly id: string;
  readonly cluster: Cluster;
  readonly bus: WeakBus;
  readonly received: HubBody[];
  /** Nodes that came and went, in order: `+a`, `-a`. */
  readonly seen: string[];
  readonly logged: string[];
}

/** Nodes in one process, whose time a test makes. */
export class TestNodes {
  readonly clock = new FakeClock();
  readonly #exchange = new MemoryExchange();

  start(id: string, settings: Partial<ClusterSettings> = {}, prepare: (bus: WeakBus) => void = () => undefined): TestNode {
    const bus = new WeakBus(this.#exchange.connect());
    prepare(bus);
    const wheel = new TimerWheel(this.clock);
    const received: HubBody[] = [];
    const seen: string[] = [];
    const logged: string[] = [];
    const cluster = new Cluster({
      node: id,
      bus,
      wheel,
      log: ({ id: event }) => void logged.push(event),
      settings: readOptions(clusterOptions, [settings]),
      received: (message) => void received.push(message),
      introduce: (node) => void seen.push(`+${node}`),
      left: (node) => void seen.push(`-${node}`),
    });
    onTestFinished(() => {
      cluster.close();
      wheel.close();
    });
    return { id, cluster, bus, received, seen, logged };
  }

  /** Two nodes that know each other. */
  async pair(settings: Partial<ClusterSettings> = {}): Promise<readonly [TestNode, TestNode]> {
    const nodes = [this.start('a', settings), this.start('b', settings)] as const;
    await turns();
    await this.pass(300);
    return nodes;
  }

  /** Lets time pass, as a process sees it. */
  async pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      this.clock.advance(Math.min(100, milliseconds - passed));
      await turns();
    }
  }
}

/** Something to say about a hub. */
export const census = (clients: number): { readonly kind: 'census'; readonly hub: string; readonly clients: number } => ({
  kind: 'census',
  hub: 'chat',
  clients,
});
