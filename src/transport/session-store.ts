import { randomId } from '../base/ids.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext } from './options.ts';
import { Session, type SessionKeeper, type SessionParts } from './session.ts';
import type { Terms } from './terms.ts';

/** The sessions of one endpoint, by their tokens. Those of another endpoint are unknown here. */
export class SessionStore implements SessionKeeper {
  readonly #context: EndpointContext;
  readonly #sessions = new Map<string, Session>();
  readonly #direct = new Set<Session>();
  /** Transports that have not ended, those of forgotten sessions included. */
  #carried = 0;
  #closing = false;
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  /** Whether no new sessions are to be made. */
  get closing(): boolean {
    return this.#closing;
  }

  find(token: string): Session | undefined {
    return this.#sessions.get(token);
  }

  /**
   * A session that waits for its transport.
   *
   * @param stateful - whether its client may come back by another WebSocket
   */
  negotiated(version: number, stateful: boolean, terms: Terms | undefined): Session {
    const id = randomId();
    const token = version > 0 ? randomId() : id;
    const session = this.#created({ id, token, stateful, terms });
    this.#sessions.set(token, session);
    session.awaitTransport();
    return session;
  }

  /** A session that is taken up at once, without negotiation: nobody can ask for it. */
  direct(terms: Terms | undefined): Session {
    const session = this.#created({ id: randomId(), token: undefined, stateful: false, terms });
    this.#direct.add(session);
    return session;
  }

  #created(parts: SessionParts): Session {
    this.#context.log(transportEvents.created, { connectionId: parts.id });
    return new Session(this.#context, this, parts);
  }

  forget(session: Session): void {
    if (session.token === undefined) this.#direct.delete(session);
    else this.#sessions.delete(session.token);
  }

  carried(by: 1 | -1): void {
    this.#carried += by;
    if (this.#carried === 0) this.#resolveClosed?.();
  }

  /** Makes no new sessions from now on. Those that end now end because of that. */
  refuse(): void {
    this.#closing = true;
  }

  /** Ends all sessions. Resolves when the last transport has ended. */
  close(): Promise<void> {
    this.refuse();
    this.#closed ??= new Promise((resolve) => {
      this.#resolveClosed = resolve;
      const { closeTimeout } = this.#context.options.webSockets;
      for (const session of [...this.#sessions.values(), ...this.#direct]) session.end(closeTimeout);
      if (this.#carried === 0) resolve();
    });
    return this.#closed;
  }
}
