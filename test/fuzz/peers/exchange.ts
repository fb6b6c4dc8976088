import { HttpReader } from '../../../bench/load/http-reader.ts';
import type { Link, LinkListener } from './link.ts';

/** Opens a link to the server under test. */
export type Connect = (listener: LinkListener) => Link;

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Lines. */
  readonly fields?: readonly string[];
  readonly body?: Buffer;
}

/** The head of a request, and its body as far as it is to go with it. */
export function requestBytes({ method, target, fields = [], body }: Asked): Buffer {
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  const head = [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...fields, ...length].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}

/** Requests one behind the other on a link of their own, and what comes back. */
export class Exchange implements LinkListener {
  readonly link: Link;
  /** Of the answers, in order, as far as their heads have come. */
  readonly statuses: number[] = [];
  /** The body of the answer that came last, as far as it has come. */
  body: Buffer = Buffer.alloc(0);
  /** Answers that came whole. */
  whole = 0;
  /** Whether the server has ended the link. */
  over = false;
  /** Why an answer can't be read, if one can't. */
  unreadable: string | undefined;
  /** Told of the body as it comes: where it does not end, nothing is kept of it. */
  onBody: ((chunk: Buffer) => void) | undefined;
  onWhole: (() => void) | undefined;
  onOver: (() => void) | undefined;
  readonly #reader = new HttpReader({
    head: (status) => {
      this.statuses.push(status);
      this.body = Buffer.alloc(0);
    },
    body: (buffer, start, end) => {
      if (this.onBody !== undefined) this.onBody(buffer.subarray(start, end));
      else this.body = Buffer.concat([this.body, buffer.subarray(start, end)]);
    },
    end: () => {
      this.whole++;
      this.onWhole?.();
    },
  });

  constructor(connect: Connect, bytes?: Uint8Array) {
    this.link = connect(this);
    if (bytes !== undefined) this.link.write(bytes);
  }

  /** Of the first answer; 0 as long as there is none. */
  get status(): number {
    return this.statuses[0] ?? 0;
  }

  received(chunk: Buffer): void {
    if (this.unreadable !== undefined) return;
    try {
      this.#reader.read(chunk, 0, chunk.length);
    } catch (error) {
      this.unreadable = String(error);
    }
  }

  ended(): void {
    this.over = true;
    this.onOver?.();
  }
}
