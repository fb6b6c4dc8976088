import type { Member } from '../backplane/member.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { SendMark } from './envelope.ts';

/** Milliseconds after which the messages of one send are no longer expected. They are published together. */
const KEPT = 5_000;
/** Members remembered at the most, over all sends. Above it the oldest sends are forgotten first. */
const MOST = 65_536;

interface Send {
  readonly since: number;
  readonly members: Set<Member>;
}

/** Who has heard which send to several groups: it comes once for each group, and a client that is in two of them hears it once. */
export class GroupSends {
  readonly #wheel: TimerWheel;
  readonly #sends = new Map<string, Send>();
  readonly #forgetting = new Timer(() => this.#forget());
  #remembered = 0;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** Delivers to those who have not heard it, by another group. */
  deliver({ origin, sequence }: SendMark, members: Iterable<Member>, excluded: ReadonlySet<string>, message: OutboundMessage): void {
    const { members: heard } = this.#find(`${sequence} ${origin}`);
    const before = heard.size;
    for (const member of members) {
      if (heard.has(member) || excluded.has(member.connectionId)) continue;
      heard.add(member);
      member.deliver(message);
    }
    this.#remembered += heard.size - before;
    for (const key of this.#sends.keys()) {
      if (this.#remembered <= MOST) break;
      this.#drop(key);
    }
  }

  close(): void {
    this.#wheel.cancel(this.#forgetting);
    this.#sends.clear();
  }

  #find(key: string): Send {
    const known = this.#sends.get(key);
    if (known !== undefined) return known;
    const send = { since: this.#wheel.now(), members: new Set<Member>() };
    this.#sends.set(key, send);
    if (!this.#forgetting.armed) this.#wheel.arm(this.#forgetting, KEPT);
    return send;
  }

  #forget(): void {
    const now = this.#wheel.now();
    for (const [key, { since }] of this.#sends) {
      if (now - since < KEPT) break;
      this.#drop(key);
    }
    if (this.#sends.size > 0) this.#wheel.arm(this.#forgetting, KEPT);
  }

  #drop(key: string): void {
    this.#remembered -= this.#sends.get(key)?.members.size ?? 0;
    this.#sends.delete(key);
  }
}
