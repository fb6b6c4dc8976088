import type { Member } from '../backplane/member.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../protocol/hub/json.ts';
import { MessageType, type InvocationMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';

const json = new JsonHubProtocol();

/** A client that only listens: what a backplane delivers to it can be awaited. */
export class RecordingMember implements Member {
  readonly connectionId: string;
  readonly userId: string | undefined;
  readonly protocol: HubProtocol = json;
  /** Client results that it owes: asked and not settled. */
  owed = 0;
  readonly #received: InvocationMessage[] = [];
  readonly #arrivals: (() => void)[] = [];

  constructor(connectionId: string, userId?: string) {
    this.connectionId = connectionId;
    this.userId = userId;
  }

  /** Everything delivered so far, in order. */
  get received(): readonly InvocationMessage[] {
    return this.#received;
  }

  /** The targets of everything delivered so far, in order. */
  get targets(): readonly string[] {
    return this.#received.map((message) => message.target);
  }

  deliver(message: OutboundMessage): void {
    const payload = message.payload(json);
    if (payload === undefined) return;
    json.parse(payload.bytes, 0, 0, (parsed) => {
      if (parsed.type === MessageType.invocation) this.#received.push(parsed);
      return true;
    });
    for (const arrived of this.#arrivals.splice(0)) arrived();
  }

  asked(): void {
    this.owed++;
  }

  answered(): void {
    this.owed--;
  }

  /**
   * Waits for a message with this target.
   *
   * @throws Error when it has not come within `timeout` milliseconds
   */
  async waitFor(target: string, timeout = 5_000): Promise<InvocationMessage> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.#received.find((message) => message.target === target);
      if (found) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`'${target}' did not reach ${this.connectionId}; it has ${JSON.stringify(this.targets)}.`);
      await this.#arrival(left);
    }
  }

  #arrival(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#arrivals.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
