import type { ClientOptions } from 'ws';
import { eventually } from '../../eventually.ts';
import { Peer } from './peer.ts';
import type { Placeholders } from './placeholders.ts';

/** A client of a transcript. What it gets is a stream: two messages may come in one frame, or not. */
export class RecordedClient extends Peer {
  readonly #placeholders: Placeholders;
  #got = '';
  #binary: boolean | undefined;

  constructor(name: string, url: string, options: ClientOptions, placeholders: Placeholders) {
    super(name, url, options);
    this.#placeholders = placeholders;
  }

  protected came(data: Buffer, binary: boolean): void {
    this.#got += this.#placeholders.recorded(data.toString('latin1'));
    this.#binary = binary;
  }

  /** Waits for as many characters, and takes them. */
  async take(length: number): Promise<{ readonly text: string; readonly binary: boolean }> {
    await eventually(() => {
      if (this.#got.length < length) throw new Error(`The client ${this.name} got ${this.#got.length} of ${length} bytes: ${this.#got}`);
    });
    const text = this.#got.slice(0, length);
    this.#got = this.#got.slice(length);
    return { text, binary: this.#binary === true };
  }

  /** What was not taken. */
  get rest(): string {
    return this.#got;
  }
}
