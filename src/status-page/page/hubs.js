import { AppServerRow } from './app-servers.js';
import { element, keep, write } from './dom.js';
import { bytes, count, counted, rate } from './figures.js';
import { Rates } from './rates.js';

const FIGURES = ['Clients', 'Groups', 'Users', 'Messages in', 'Messages out', 'Traffic in', 'Traffic out', 'Billed'];

/** From how many hubs on they can be looked for by name. */
const MANY = 10;

/** Every hub as a card. */
export class HubList {
  #parent;
  #filter;
  #kept = new Map();

  /** @param filter the field that says which hubs are wanted */
  constructor(parent, filter) {
    this.#parent = parent;
    this.#filter = filter;
    filter.addEventListener('input', () => this.#sift());
  }

  clear() {
    this.#parent.replaceChildren();
    this.#kept.clear();
  }

  /** @param at the time of the figures, in milliseconds since 1970 */
  show(hubs, at) {
    const items = hubs.map((hub) => ({ hub, at }));
    keep(
      this.#parent,
      items,
      ({ hub }) => hub.name,
      (name) => new HubCard(name),
      this.#kept,
    );
    this.#filter.hidden = hubs.length < MANY && this.#filter.value === '';
    this.#sift();
  }

  #sift() {
    const wanted = this.#filter.value.trim().toLowerCase();
    for (const [name, { node }] of this.#kept) node.hidden = !name.toLowerCase().includes(wanted);
  }
}

class HubCard {
  node;
  #rates = new Rates();
  #figures;
  #summary = element('p', 'note');
  #nobody = element('p', 'warning', 'No app server serves this hub: its clients are turned away.');
  #appServers = element('ul', 'app-servers');
  #rows = new Map();

  constructor(name) {
    this.#figures = FIGURES.map((label) => ({ label, value: element('dd', '') }));
    const list = element('dl', 'figures', ...this.#figures.map(({ label, value }) => element('div', '', element('dt', '', label), value)));
    const head = element('header', 'hub-head', element('h3', '', element('bdi', '', name)), this.#summary);
    this.node = element('article', 'hub', head, list, this.#nobody, this.#appServers);
    this.#appServers.setAttribute('aria-label', 'App servers');
  }

  show({ hub, at }) {
    const rates = this.#rates.add(at, hub.traffic);
    const texts = [
      count(hub.clients),
      count(hub.groups),
      count(hub.users),
      `${rate(rates.messagesIn)}/s`,
      `${rate(rates.messagesOut)}/s`,
      `${bytes(rates.bytesIn)}/s`,
      `${bytes(rates.bytesOut)}/s`,
      count(hub.billed),
    ];
    for (const [index, { value }] of this.#figures.entries()) write(value, texts[index]);
    const { messagesIn, messagesOut, bytesIn, bytesOut } = hub.traffic;
    const sum = bytes(bytesIn + bytesOut);
    write(this.#summary, `${counted(messagesIn, 'message')} in, ${count(messagesOut)} out, ${sum} since the start`);
    this.#nobody.hidden = hub.appServers.length > 0;
    this.#appServers.hidden = hub.appServers.length === 0;
    const items = hub.appServers.map((appServer) => ({ appServer, at }));
    keep(
      this.#appServers,
      items,
      ({ appServer }) => appServer.id,
      (id) => new AppServerRow(id),
      this.#rows,
    );
  }
}
