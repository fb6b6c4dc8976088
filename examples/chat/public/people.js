import { byId, element, nameOf } from './dom.js';

const TRANSPORT_LABELS = { webSockets: 'WebSockets', serverSentEvents: 'Server-sent events', longPolling: 'Long polling' };

/** The list of rooms. `choose` is called with the name of the one that was picked. */
export class RoomList {
  #list = byId('rooms');
  #rooms = [];
  #current = '';
  #choose;

  constructor(choose) {
    this.#choose = choose;
  }

  show(rooms) {
    this.#rooms = rooms;
    this.#render();
  }

  mark(current) {
    this.#current = current;
    this.#render();
  }

  #render() {
    const known = this.#rooms.some(({ name }) => name === this.#current);
    const rooms = known || this.#current === '' ? this.#rooms : [...this.#rooms, { name: this.#current, people: 0 }];
    replaceItems(
      this.#list,
      rooms.map((room) => this.#item(room)),
    );
  }

  #item({ name, people }) {
    const count = element(
      'span',
      { className: 'count' },
      String(people),
      element('span', { className: 'hidden' }, people === 1 ? ' person' : ' people'),
    );
    const button = element(
      'button',
      { type: 'button' },
      element('span', { className: 'hash', ariaHidden: 'true' }, '#'),
      nameOf(name),
      count,
    );
    button.dataset.key = name;
    if (name === this.#current) button.ariaCurrent = 'true';
    button.addEventListener('click', () => this.#choose(name));
    return element('li', {}, button);
  }
}

/** Who is in the room. `write` is called with the name of the one to write a private note to. */
export class PeopleList {
  #list = byId('people');
  #hint = byId('people-hint');
  #count = byId('room-people');
  #write;

  constructor(write) {
    this.#write = write;
  }

  show(people, me) {
    replaceItems(
      this.#list,
      people.map((person) => this.#item(person, person.nickname === me)),
    );
    const alone = people.length < 2;
    this.#hint.textContent = 'Nobody else is here yet: open this page in a second tab.';
    this.#hint.hidden = !alone;
    this.#count.textContent = alone ? 'Only you' : `${people.length} people`;
  }

  hide() {
    this.#list.replaceChildren();
    this.#hint.textContent = 'Join to see who is here.';
    this.#hint.hidden = false;
    this.#count.textContent = '';
  }

  #item({ nickname, transport, server }, me) {
    const who = element('span', { className: 'who' }, nameOf(nickname), element('small', {}, TRANSPORT_LABELS[transport] ?? transport));
    if (server !== undefined) who.append(element('small', { className: 'at' }, `at ${server}`));
    const item = element('li', {}, element('span', { className: 'face', ariaHidden: 'true' }, initialsOf(nickname)), who);
    if (me) {
      item.classList.add('me');
      item.append(element('span', { className: 'tag' }, 'you'));
    } else {
      const button = element('button', { className: 'small', type: 'button', ariaLabel: `Private note to ${nickname}` }, 'Note');
      button.dataset.key = nickname;
      button.addEventListener('click', () => this.#write(nickname));
      item.append(button);
    }
    return item;
  }
}

/** Replaces the items of a list; the keyboard's place in it stays. */
function replaceItems(list, items) {
  const key = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...items);
  if (key !== undefined) list.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function initialsOf(nickname) {
  const words = nickname.split(/\s+/u);
  return words
    .map((word) => [...word][0] ?? '')
    .slice(0, 2)
    .join('')
    .toUpperCase();
}
