const NOBODY: ReadonlySet<string> = new Set();

/** Which other nodes have clients of a hub, and hear what is for them. */
export class Listeners {
  readonly #hubs = new Map<string, Set<string>>();

  of(hub: string): ReadonlySet<string> {
    return this.#hubs.get(hub) ?? NOBODY;
  }

  add(hub: string, node: string): void {
    const nodes = this.#hubs.get(hub);
    if (nodes === undefined) this.#hubs.set(hub, new Set([node]));
    else nodes.add(node);
  }

  left(node: string): void {
    for (const [hub, nodes] of this.#hubs) if (nodes.delete(node) && nodes.size === 0) this.#hubs.delete(hub);
  }
}
