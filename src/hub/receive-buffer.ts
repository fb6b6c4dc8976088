const EMPTY = Buffer.alloc(0);
const SPARE = 1_024;

/** The start of a message whose end has not arrived. */
export class ReceiveBuffer {
  #storage: Buffer = EMPTY;
  #length = 0;

  /** What waits, followed by `chunk`. Valid until the next call; `keep` then says what is still to wait. */
  join(chunk: Buffer): Buffer {
    this.#append(chunk);
    return this.#storage.subarray(0, this.#length);
  }

  /** Keeps a copy of `rest`, the unread end of what arrived: of what `join` returned, or of the first chunk. */
  keep(rest: Buffer): void {
    // What only grew is in place already: a message in many pieces is copied a few times, not once for each.
    if (rest.buffer === this.#storage.buffer && rest.byteOffset === this.#storage.byteOffset) return;
    this.#storage = Buffer.from(rest);
    this.#length = rest.length;
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#storage.length) {
      const larger = Buffer.allocUnsafeSlow(length * 2 + SPARE);
      this.#storage.copy(larger, 0, 0, this.#length);
      this.#storage = larger;
    }
    chunk.copy(this.#storage, this.#length);
    this.#length = length;
  }
}
