import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Log } from '../base/log.ts';
import { redisEvents } from './log-events.ts';
import { publishScript, readScript } from './lua.ts';
import { readMissed, type MissedMessages, type StreamPosition } from './missed-messages.ts';
import type { RedisSettings } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { isForgottenScript } from './replies.ts';
import { streamKeys } from './stream-keys.ts';

const sha = (script: string): string => createHash('sha1').update(script).digest('hex');
const PUBLISH = sha(publishScript);
const READ = sha(readScript);

/** The scripts by which Redis keeps messages for those who are cut off. Where it refuses them, messages are published as they are. */
export class CatchUpScripts {
  readonly #settings: RedisSettings;
  readonly #origin: string;
  readonly #log: Log;
  #ready = false;
  #told = false;

  constructor(settings: RedisSettings, origin: string, log: Log) {
    this.#settings = settings;
    this.#origin = origin;
    this.#log = log;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Gives Redis the scripts, which it may have already. */
  async load(client: Redis): Promise<void> {
    if (!this.#settings.catchUp) return;
    try {
      await Promise.all([client.script('LOAD', publishScript), client.script('LOAD', readScript)]);
      this.#ready = true;
    } catch (error) {
      if (client.status === 'ready') this.#doWithout(error);
    }
  }

  /** Undefined for a message that nothing is kept of. */
  publish(client: Redis, { channel, payload, stream, sequence }: Outgoing): Promise<number> | undefined {
    if (stream === undefined || !this.#ready) return undefined;
    const { catchUpEntries, catchUpBytes, catchUpAge } = this.#settings;
    const [messages, state] = streamKeys(stream);
    const kept = [catchUpEntries, catchUpBytes, catchUpAge];
    return client.evalsha(PUBLISH, 2, messages, state, channel, payload, this.#origin, sequence, ...kept) as Promise<number>;
  }

  async read(client: Redis, stream: string, position: StreamPosition | undefined): Promise<MissedMessages | undefined> {
    const [messages, state] = streamKeys(stream);
    const known = [position?.epoch ?? '', position?.offset ?? 0];
    const ask = (): Promise<unknown> => client.callBuffer('EVALSHA', READ, 2, messages, state, ...known);
    try {
      return readMissed(await ask());
    } catch (error) {
      if (!isForgottenScript(error)) throw error;
      await this.load(client);
      return readMissed(await ask());
    }
  }

  /** Redis has refused a message that was sent by a script. */
  async refused(client: Redis, error: Error): Promise<void> {
    if (isForgottenScript(error)) await this.load(client);
    else this.#doWithout(error);
  }

  #doWithout(error: unknown): void {
    this.#ready = false;
    if (!this.#told) this.#log(redisEvents.catchUpRefused, {}, error);
    this.#told = true;
  }
}
