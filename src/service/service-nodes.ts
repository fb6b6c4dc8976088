import type { BackplaneState } from '../backplane/backplane.ts';
import type { Bus } from '../backplane/bus.ts';
import { Cluster, type HubBody } from '../cluster/cluster.ts';
import { HubNodes } from './hub-nodes.ts';
import type { OtherNodes } from './other-nodes.ts';
import type { HubSurroundings, ServiceHub } from './service-hub.ts';

/** What the nodes of a service need of this one. */
export interface NodeHost extends HubSurroundings {
  /** The hub of a name; made where there is none. */
  hub(name: string): ServiceHub;
}

/** This node of the service among the others. */
export class ServiceNodes {
  readonly #bus: Bus;
  readonly #cluster: Cluster;
  readonly #host: NodeHost;
  readonly #hubs = new Map<string, HubNodes>();
  /** The number of the newest server connection. What is under way about one must not meet another. */
  #links = 0;

  constructor(bus: Bus, host: NodeHost) {
    const { instanceId, wheel, log, settings } = host;
    this.#bus = bus;
    this.#host = host;
    this.#cluster = new Cluster({
      node: instanceId,
      bus,
      wheel,
      log,
      settings: settings.nodes,
      received: (message) => this.#received(message),
      introduce: (node) => {
        for (const hub of this.#hubs.values()) hub.introduce(node);
      },
      left: (node) => {
        for (const [name, hub] of this.#hubs) {
          hub.nodeLeft(node);
          host.hub(name).look();
        }
      },
    });
  }

  /** How this node is connected to the others. */
  get state(): BackplaneState {
    return this.#cluster.state;
  }

  /** Ids of the other nodes. */
  get others(): ReadonlySet<string> {
    return this.#cluster.nodes;
  }

  /** Resolves when this node knows the others; undefined once it does. */
  get joined(): Promise<void> | undefined {
    return this.#cluster.joined;
  }

  of(hub: ServiceHub): OtherNodes {
    const nodes = new HubNodes(this.#cluster, hub, () => ++this.#links);
    this.#hubs.set(hub.name, nodes);
    return nodes;
  }

  /** A hub is given up. */
  forget(name: string): void {
    this.#hubs.delete(name);
  }

  async close(): Promise<void> {
    this.#cluster.close();
    await this.#bus.close();
  }

  #received(message: HubBody): void {
    const hub = this.#host.hub(message.hub);
    this.#hubs.get(message.hub)?.received(message);
    hub.look();
  }
}
