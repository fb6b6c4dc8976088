/** How many things a chart tells apart by colour. What is left over has a colour of its own. */
export const SLOTS = 5;

/** Gives the largest of many things the colours there are, and each keeps its own for as long as it is among them. */
export class Slots {
  #names = Array.from({ length: SLOTS });

  /**
   * @param totals how large each is, by name
   * @returns the name in each slot, undefined where a slot is free
   */
  assign(totals) {
    const largest = [...totals]
      .filter(([, total]) => total > 0)
      .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, SLOTS)
      .map(([name]) => name);
    const staying = this.#names.map((name) => (largest.includes(name) ? name : undefined));
    const coming = largest.filter((name) => !staying.includes(name));
    this.#names = staying.map((name) => name ?? coming.shift());
    return this.#names;
  }
}
