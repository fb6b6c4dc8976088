/* global signalR */
import { TRANSPORTS } from './settings.js';

/** Milliseconds before each attempt to come back; the last one repeats until it is time to give up. */
const DELAYS = [0, 1000, 2000, 4000, 8000, 15_000];
const GIVE_UP_AFTER = 120_000;
const ROUND_TRIP_EVERY = 2000;

/**
 * The tab's connection to the hub, over whatever transport and protocol is chosen. Tells its `status` by `change` events.
 * Handlers registered with `on` stay through every switch and cut.
 */
export class ChatConnection extends EventTarget {
  /** `phase` is connecting, connected, reconnecting or failed; `retryAt` the time of the next attempt. */
  status = { phase: 'connecting', id: undefined, roundTrip: undefined, attempt: 0, retryAt: undefined, error: undefined };
  #observe;
  #greet;
  #handlers = [];
  #settings;
  #hub;
  #timer;

  /**
   * @param observe wraps a hub protocol, to watch what passes
   * @param greet is what to do first on every new connection; it is given `invoke`, and does not throw
   */
  constructor(observe, greet) {
    super();
    this.#observe = observe;
    this.#greet = greet;
  }

  on(name, handler) {
    this.#handlers.push([name, handler]);
  }

  /** Leaves the present connection, if there is one, for one with these settings. */
  async open(settings) {
    const previous = this.#hub;
    const hub = this.#build(settings);
    this.#hub = hub;
    this.#settings = settings;
    clearTimeout(this.#timer);
    this.#update({ phase: 'connecting', id: undefined, roundTrip: undefined, attempt: 0, retryAt: undefined, error: undefined });
    await previous?.stop().catch(() => {});
    await this.#start(hub, Date.now());
  }

  retry() {
    return this.open(this.#settings);
  }

  get connected() {
    return this.status.phase === 'connected';
  }

  async invoke(name, ...args) {
    if (!this.connected) throw new Error('There is no connection at the moment.');
    return this.#hub.invoke(name, ...args);
  }

  stream(name, ...args) {
    return this.#hub.stream(name, ...args);
  }

  #build({ transport, protocol }) {
    const wire = protocol === 'json' ? new signalR.JsonHubProtocol() : new signalR.protocols.msgpack.MessagePackHubProtocol();
    const hub = new signalR.HubConnectionBuilder()
      .withUrl('/chat', { transport: signalR.HttpTransportType[TRANSPORTS[transport].type] })
      .withHubProtocol(this.#observe(wire))
      .withAutomaticReconnect({
        nextRetryDelayInMilliseconds: (context) => this.#delay(hub, context.previousRetryCount, context.elapsedMilliseconds),
      })
      // The page itself shows every state and error that the client would log.
      .configureLogging(signalR.LogLevel.None)
      .build();
    for (const [name, handler] of this.#handlers) hub.on(name, handler);
    hub.onreconnecting((error) => this.#lost(hub, error));
    hub.onreconnected(() => void this.#connected(hub));
    hub.onclose((error) => this.#closed(hub, error));
    return hub;
  }

  /** The client reconnects by itself, but doesn't repeat a first start that failed. */
  async #start(hub, since, attempt = 0) {
    if (hub !== this.#hub) return;
    try {
      await hub.start();
    } catch (error) {
      if (hub !== this.#hub) return;
      this.#update({ phase: 'reconnecting', error });
      const delay = this.#delay(hub, attempt + 1, Date.now() - since);
      if (delay === null) this.#closed(hub, error);
      else this.#timer = setTimeout(() => void this.#start(hub, since, attempt + 1), delay);
      return;
    }
    if (hub === this.#hub) await this.#connected(hub);
    else await hub.stop();
  }

  #delay(hub, attempt, elapsed) {
    if (elapsed > GIVE_UP_AFTER) return null;
    const delay = DELAYS[Math.min(attempt, DELAYS.length - 1)];
    if (hub === this.#hub) this.#update({ attempt: attempt + 1, retryAt: Date.now() + delay });
    return delay;
  }

  /**
   * The client says that it is connected. Only an answer is proof: a cut while it starts, behind the handshake, leaves it in
   * that belief for good.
   */
  async #connected(hub) {
    const roundTrip = await roundTripOf(hub);
    const isCurrent = () => hub === this.#hub && hub.state === signalR.HubConnectionState.Connected;
    if (!isCurrent()) return;
    if (roundTrip === undefined) {
      await this.retry();
      return;
    }
    await this.#greet((name, ...args) => hub.invoke(name, ...args));
    if (!isCurrent()) return;
    this.#update({ phase: 'connected', id: hub.connectionId, roundTrip, attempt: 0, retryAt: undefined, error: undefined });
    this.#measureLater(hub);
  }

  #lost(hub, error) {
    if (hub === this.#hub) this.#update({ phase: 'reconnecting', id: undefined, roundTrip: undefined, error });
  }

  #closed(hub, error) {
    if (hub === this.#hub) this.#update({ phase: 'failed', id: undefined, roundTrip: undefined, retryAt: undefined, error });
  }

  #measureLater(hub) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const roundTrip = document.hidden ? this.status.roundTrip : await roundTripOf(hub);
      if (hub !== this.#hub || !this.connected) return;
      this.#update({ roundTrip });
      this.#measureLater(hub);
    }, ROUND_TRIP_EVERY);
  }

  #update(change) {
    this.status = { ...this.status, ...change };
    this.dispatchEvent(new Event('change'));
  }
}

/** Milliseconds until an invocation is answered; undefined when it is not, because the connection is gone. */
async function roundTripOf(hub) {
  const start = performance.now();
  try {
    await hub.invoke('ping');
    return performance.now() - start;
  } catch {
    return undefined;
  }
}
