import { type Answer, answer, answerTo, begin, negotiate, type WireRequest } from './request.ts';
import { handshake } from './socket.ts';

export interface WaitingPoll {
  readonly answered: Promise<Answer>;
  /** Ends the request on the client's side. */
  readonly drop: () => void;
}

/** One connection that is used by single HTTP requests: a long poll, or the sending half of an event stream. */
export class PolledConnection {
  readonly url: string;

  constructor(endpoint: string, token: string) {
    this.url = `${endpoint}?id=${token}`;
  }

  static async negotiate(endpoint: string): Promise<PolledConnection> {
    return new PolledConnection(endpoint, (await negotiate(endpoint)).connectionToken);
  }

  /** A long polling connection whose handshake is done. */
  static async connect(endpoint: string): Promise<PolledConnection> {
    const connection = await PolledConnection.negotiate(endpoint);
    await connection.poll();
    await connection.send(handshake);
    const { body } = await connection.poll();
    if (body !== '{}\x1e') throw new Error(`The handshake was answered by ${body}`);
    return connection;
  }

  poll(headers: WireRequest['headers'] = {}): Promise<Answer> {
    return answer(this.url, { headers });
  }

  /** Polls until an answer is not empty. */
  async pollForData(): Promise<Answer> {
    let polled = await this.poll();
    while (polled.status === 200 && polled.body === '') polled = await this.poll();
    return polled;
  }

  /**
   * A poll that the server holds for certain: of two that are sent at once, it answers the one that the other supersedes.
   */
  async waitingPoll(): Promise<WaitingPoll> {
    const polls = [begin(this.url), begin(this.url)].map((request, i) => ({ i, request, answered: answerTo(request) }));
    const [superseded] = await Promise.race(polls.map(async ({ i, answered }) => [i, await answered] as const));
    const { request, answered } = polls[1 - superseded] as (typeof polls)[number];
    return { answered, drop: () => request.destroy() };
  }

  send(body: string | Buffer): Promise<Answer> {
    return answer(this.url, { method: 'POST', body });
  }

  delete(): Promise<Answer> {
    return answer(this.url, { method: 'DELETE' });
  }
}
