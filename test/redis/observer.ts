import { Redis } from 'ioredis';

export interface Published {
  readonly channel: string;
  readonly payload: Buffer;
}

/** Somebody else at the same Redis: hears everything, and can say anything. */
export class Observer {
  readonly client: Redis;
  readonly published: Published[] = [];
  /** What servers say of themselves, by the clock. */
  readonly signsOfLife: Published[] = [];
  readonly #subscriber: Redis;
  #arrived: () => void = () => undefined;

  constructor(url: string) {
    this.client = new Redis(url);
    this.#subscriber = new Redis(url);
  }

  static async at(url: string): Promise<Observer> {
    const observer = new Observer(url);
    observer.#subscriber.on('pmessageBuffer', (_: string, channel: Buffer, payload: Buffer) => {
      const message = { channel: channel.toString(), payload };
      (message.channel.endsWith(':internal:catch-up') ? observer.signsOfLife : observer.published).push(message);
      observer.#arrived();
    });
    await observer.#subscriber.psubscribe('*');
    return observer;
  }

  publish(channel: string, payload: Uint8Array): Promise<number> {
    return this.client.publish(channel, Buffer.from(payload));
  }

  /** The first message that came or comes on a channel, which may be given as its end. */
  async heard(channel: string): Promise<Published> {
    for (;;) {
      const found = this.published.find((message) => message.channel.endsWith(channel));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
  }

  /** Hears nothing any more: Redis counts it no longer. */
  async stopListening(): Promise<void> {
    await this.#subscriber.punsubscribe('*');
  }

  close(): void {
    this.client.disconnect();
    this.#subscriber.disconnect();
  }
}
