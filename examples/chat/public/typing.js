import { byId, element, nameOf } from './dom.js';

/** Milliseconds between two signs of typing, and after which one has gone stale. */
const TELL_EVERY = 2000;
const STALE_AFTER = 4000;

/** Who is typing, told to the others and shown here. */
export class Typing {
  #connection;
  #line = byId('typing');
  #told = 0;
  /** The timer of each one who types. */
  #timers = new Map();

  constructor(connection) {
    this.#connection = connection;
  }

  /** The user of this tab did. */
  typed() {
    if (!this.#connection.connected || Date.now() - this.#told < TELL_EVERY) return;
    this.#told = Date.now();
    this.#connection.invoke('typing').catch(() => {});
  }

  sent() {
    this.#told = 0;
  }

  show(nickname) {
    clearTimeout(this.#timers.get(nickname));
    this.#timers.set(
      nickname,
      setTimeout(() => this.forget(nickname), STALE_AFTER),
    );
    this.#render();
  }

  forget(nickname) {
    clearTimeout(this.#timers.get(nickname));
    if (this.#timers.delete(nickname)) this.#render();
  }

  clear() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#render();
  }

  #render() {
    const names = [...this.#timers.keys()];
    if (names.length === 0) return this.#line.replaceChildren();
    const who = names.length > 2 ? ['Several people are typing'] : names.flatMap((name, index) => [index > 0 ? ' and ' : '', nameOf(name)]);
    if (names.length <= 2) who.push(names.length === 1 ? ' is typing' : ' are typing');
    this.#line.replaceChildren(
      element('span', { className: 'dots', ariaHidden: 'true' }, element('i'), element('i'), element('i')),
      element('span', {}, ...who),
    );
  }
}
