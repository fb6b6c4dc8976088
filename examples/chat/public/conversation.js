import { byId, element, nameOf } from './dom.js';

const KEPT = 300;
/** Milliseconds within which one author's messages stand together. */
const TOGETHER = 180_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** The messages of the room, newest at the bottom. Follows them unless the reader has scrolled up. */
export class Conversation {
  #log = byId('log');
  #newest = byId('newest');
  /** The text element of each message, by its id. */
  #texts = new Map();
  #last;
  #following = true;

  constructor() {
    this.#newest.addEventListener('click', () => this.#follow());
    this.#log.addEventListener('scroll', () => {
      this.#following = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 60;
      if (this.#following) this.#newest.hidden = true;
    });
    new ResizeObserver(() => {
      if (this.#following) this.#follow();
    }).observe(this.#log);
  }

  get empty() {
    return this.#texts.size === 0;
  }

  clear() {
    this.#texts.clear();
    this.#last = undefined;
    this.#log.replaceChildren();
    this.#follow();
  }

  /** A message once; the room's history and the live messages may both bring it. */
  add({ id, from, text, at, to }, own) {
    if (this.#texts.has(id)) return;
    const key = `${from} ${to ?? ''}`;
    const follows = this.#last?.key === key && at - this.#last.at < TOGETHER;
    const body = element('p', { className: 'text', dir: 'auto' }, text);
    const row = element('article', { className: `message${own ? ' own' : ''}${to ? ' note' : ''}${follows ? ' follows' : ''}` });
    row.append(this.#head({ from, to, at }, own, follows), body);
    this.#texts.set(id, body);
    this.#last = { key, at };
    this.#append(row);
  }

  /** Adds a line to a message that is still growing. */
  addLine(id, line) {
    const body = this.#texts.get(id);
    if (!body) return;
    body.append(`\n${line}`);
    if (this.#following) this.#follow();
  }

  /** Something that happened, told in the middle. `names` are set apart. */
  tell(...parts) {
    this.#last = undefined;
    this.#append(element('p', { className: 'happened' }, ...parts));
  }

  /** Something that went wrong with what this tab wanted. */
  complain(reason) {
    this.#last = undefined;
    this.#append(element('p', { className: 'happened error' }, reason));
  }

  #head({ from, to, at }, own, follows) {
    const who = own ? 'You' : nameOf(from);
    const head = element('header', { className: follows ? 'hidden' : 'message-head' }, who);
    if (to) head.append(' ', element('span', { className: 'tag' }, own ? 'only to ' : 'only to you', own ? nameOf(to) : ''));
    head.append(' ', element('time', { dateTime: new Date(at).toISOString() }, clock.format(at)));
    return head;
  }

  #append(row) {
    this.#log.append(row);
    if (this.#log.childElementCount > KEPT) this.#log.firstElementChild.remove();
    if (this.#following) this.#follow();
    else this.#newest.hidden = false;
  }

  #follow() {
    this.#following = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#newest.hidden = true;
  }
}
