interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

/** Named gates: closed until somebody opens them, and open from then on. */
export class Gates {
  readonly #gates = new Map<string, Gate>();

  wait(name: string): Promise<void> {
    return this.#find(name).opened;
  }

  open(name: string): void {
    this.#find(name).open();
  }

  #find(name: string): Gate {
    const known = this.#gates.get(name);
    if (known) return known;
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const gate = { opened, open };
    this.#gates.set(name, gate);
    return gate;
  }
}
