import type { IncomingMessage } from 'node:http';
import type { Activity } from './activity.ts';
import type { Inbox } from './inbox.ts';

/** An event stream: its events go to the inbox. */
export class EventStream {
  readonly inbox: Inbox;
  readonly #activity: Activity;
  #response: IncomingMessage | undefined;
  #text = '';
  readonly #data: string[] = [];
  #comments = 0;
  ended = false;

  constructor(activity: Activity, inbox: Inbox) {
    this.#activity = activity;
    this.inbox = inbox;
  }

  /** Status and headers, once they are there. */
  get head(): { readonly status: number; readonly headers: IncomingMessage['headers'] } | undefined {
    return this.#response && { status: this.#response.statusCode ?? 0, headers: this.#response.headers };
  }

  /** Reads the answer that this promises; ends with the connection. */
  async read(asked: Promise<IncomingMessage>): Promise<void> {
    const response = await asked.catch(() => undefined);
    if (response === undefined) return;
    this.#response = response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('error', () => {});
    response.on('close', () => {
      this.ended = true;
      this.#activity.happened();
    });
    this.#activity.happened();
  }

  /** Whether a comment came that was not taken yet. */
  takeComment(): boolean {
    if (this.#comments === 0) return false;
    this.#comments--;
    return true;
  }

  drop(): void {
    this.#response?.destroy();
  }

  #read(text: string): void {
    const lines = (this.#text + text).split('\r\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    this.#activity.happened();
  }

  #line(line: string): void {
    if (line === ':') this.#comments++;
    else if (line.startsWith('data: ')) this.#data.push(line.slice('data: '.length));
    else if (line === '') this.inbox.push(Buffer.from(this.#data.splice(0).join('\n')), false);
    else this.#activity.fail(new Error(`The server sent an odd line in an event stream: ${line}`));
  }
}
