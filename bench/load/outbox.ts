import type { Socket } from 'node:net';
import type { Template } from './template.ts';

const SMALLEST = 256;

/** Collects what one read of a connection makes it send, and writes it at once. The buffer is used again wherever the socket has taken it. */
export class Outbox {
  readonly #socket: Socket;
  // Made at the first message: most connections of a broadcast never send one.
  #buffer: Buffer | undefined;
  #length = 0;
  #view: Buffer | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(template: Template, value: number): void {
    const length = this.#length + template.length;
    const buffer = this.#reserve(length);
    template.fill(buffer, this.#length, value);
    this.#length = length;
  }

  flush(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#length === 0) return;
    if (this.#view?.length !== this.#length) this.#view = buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#socket.write(this.#view);
    // What the kernel has not taken yet is still read from this buffer.
    if (this.#socket.writableLength > 0) this.#renew(undefined);
  }

  #reserve(length: number): Buffer {
    if (this.#buffer && this.#buffer.length >= length) return this.#buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, this.#buffer ? length * 2 : length));
    this.#buffer?.copy(larger, 0, 0, this.#length);
    this.#renew(larger);
    return larger;
  }

  #renew(buffer: Buffer | undefined): void {
    this.#buffer = buffer;
    this.#view = undefined;
  }
}
