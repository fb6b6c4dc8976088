/** The start of a message whose end has not arrived, or what a client sent ahead of what can be processed. */
export class ReceiveBuffer {
  #storage: Buffer;
  #start = 0;
  #end: number;

  /** @param rest - what waits; copied, because it is somebody else's buffer */
  constructor(rest: Buffer) {
    this.#storage = Buffer.from(rest);
    this.#end = rest.length;
  }

  /** What waits, followed by `chunk`. Valid until the next call. */
  join(chunk: Buffer): Buffer {
    if (chunk.length > 0) this.#append(chunk);
    return this.#storage.subarray(this.#start, this.#end);
  }

  /** The first bytes of what `join` returned were read. What follows stays where it is. */
  skip(bytes: number): void {
    this.#start += bytes;
  }

  #append(chunk: Buffer): void {
    const end = this.#end + chunk.length;
    if (end > this.#storage.length) this.#grow(chunk.length);
    this.#end += chunk.copy(this.#storage, this.#end);
  }

  /** Makes room for `bytes` more, and as much again, so that a message in many pieces is copied a few times and not for each. */
  #grow(bytes: number): void {
    const length = this.#end - this.#start;
    const larger = Buffer.allocUnsafe((length + bytes) * 2);
    this.#storage.copy(larger, 0, this.#start, this.#end);
    this.#storage = larger;
    this.#start = 0;
    this.#end = length;
  }
}
