import { Peers, type PeerSettings } from '../backplane/peers.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { RedisCommands } from './commands.ts';
import { readSignOfLife, writeSignOfLife, type SignOfLife } from './sign-of-life.ts';

/** What presence needs, and tells. */
export interface PresenceParts {
  readonly server: string;
  /** Where servers with catch-up listen. */
  readonly channel: string;
  readonly commands: Pick<RedisCommands, 'connected' | 'publish'>;
  readonly wheel: TimerWheel;
  readonly settings: PeerSettings;
  readonly told: {
    /** A server said no goodbye, and has been silent for too long. */
    silent(server: string): void;
    /** One that had fallen silent has not ended. */
    heard(server: string): void;
  };
}

/** Silent servers that are remembered at the most. One that was killed never comes back: the next process has another name. */
const REMEMBERED = 1_000;
/** Milliseconds in which servers that came are gathered: they are told together that this one is there. */
const GATHERED = 200;

/**
 * Says to the other servers with catch-up that this one is there, and finds out which of them fell silent without a goodbye: what waited in the outbox of
 * a process that was killed is lost, and nobody else could tell.
 */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #peers: Peers;
  readonly #silent = new Set<string>();
  #closed = false;
  readonly #introduction = new Timer(() => this.#say('here'));

  constructor(parts: PresenceParts) {
    const { server, wheel, settings } = parts;
    this.#parts = parts;
    this.#peers = new Peers({
      server,
      wheel,
      settings,
      here: () => this.#say('here'),
      answer: nothing,
      goodbye: () => this.#say('gone'),
      beat: nothing,
      left: (peer, said) => {
        if (!said) this.#fellSilent(peer);
      },
    });
  }

  /** This server can hear the others, at first or again: each of them has its whole time. */
  begin(): void {
    this.#peers.begin();
  }

  /** It can't, and misses nobody. */
  pause(): void {
    this.#peers.pause();
  }

  /** Returns false for what is no sign of life. */
  take(payload: Buffer): boolean {
    const sign = readSignOfLife(payload);
    if (sign === undefined) return false;
    const { kind, server } = sign;
    if (this.#silent.delete(server)) this.#parts.told.heard(server);
    if (kind === 'gone') this.#peers.gone(server);
    else if (this.#peers.heard(server, false)) this.#meet();
    return true;
  }

  /** Says goodbye, unless Redis is away. */
  close(): void {
    this.#parts.wheel.cancel(this.#introduction);
    this.#closed = true;
    this.#peers.close();
  }

  /** A newcomer has not heard of this server yet. Of many that come at once, none is answered alone. */
  #meet(): void {
    const { wheel } = this.#parts;
    if (!this.#introduction.armed && !this.#closed) wheel.arm(this.#introduction, GATHERED);
  }

  #say(kind: SignOfLife['kind']): void {
    const { commands, channel, server } = this.#parts;
    // It says that this server is there now: later it is worth nothing.
    if (commands.connected) commands.publish(channel, writeSignOfLife({ kind, server })).catch(nothing);
  }

  #fellSilent(server: string): void {
    const [oldest] = this.#silent;
    if (oldest !== undefined && this.#silent.size >= REMEMBERED) this.#silent.delete(oldest);
    this.#silent.add(server);
    this.#parts.told.silent(server);
  }
}

const nothing = (): void => undefined;
