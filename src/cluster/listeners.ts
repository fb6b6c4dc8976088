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

  /** Returns whether nobody is left. */
  remove(hub: string, node: string): boolean {
    const nodes = this.#hubs.get(hub);
    if (nodes?.delete(node) !== true || nodes.size > 0) return false;
    return this.#hubs.delete(hub);
  }

  /** Returns the hubs of which nobody is left. */
  left(node: string): readonly string[] {
    return [...this.#hubs.keys()].filter((hub) => this.remove(hub, node));
  }
}
