import type { Activity } from './activity.ts';
import type { Inbox } from './inbox.ts';
import type { Answer, Asked, Requests } from './requests.ts';

/** A long polling connection: one poll at a time, whose messages go to the inbox. */
export class Poller {
  readonly inbox: Inbox;
  readonly #activity: Activity;
  /** Answers that the session has not come to yet. */
  readonly answers: Answer[] = [];
  #polling: Requests | undefined;

  constructor(activity: Activity, inbox: Inbox) {
    this.#activity = activity;
    this.inbox = inbox;
  }

  /** Polls, unless a poll is under way: how the server groups its messages into polls is its own affair. */
  poll(requests: Requests, url: string, asked: Asked): void {
    if (this.#polling === undefined) void this.#poll(requests, url, asked);
  }

  /** Forgets the poll of a connection that was cut. */
  cut(requests: Requests): void {
    if (this.#polling === requests) this.#polling = undefined;
  }

  async #poll(requests: Requests, url: string, asked: Asked): Promise<void> {
    this.#polling = requests;
    const answer = await requests.whole(url, asked).catch(() => undefined);
    if (this.#polling === requests) this.#polling = undefined;
    if (answer === undefined) return;
    this.answers.push(answer);
    if (answer.status === 200) this.inbox.push(answer.body, false);
    this.#activity.happened();
  }
}
