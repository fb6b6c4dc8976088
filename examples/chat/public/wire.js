import { byId, element } from './dom.js';

const NAMES = {
  1: 'Invocation',
  2: 'StreamItem',
  3: 'Completion',
  4: 'StreamInvocation',
  5: 'CancelInvocation',
  6: 'Ping',
  7: 'Close',
};
const ROWS = 60;
const PIPS = 8;
const RECORD_SEPARATOR = '\u001e';

/** Shows what passes between this tab and the hub: a list of messages, and a light that runs down the line for each. */
export class Wire {
  #rows = byId('wire');
  #lines = { up: document.querySelector('#track .up'), down: document.querySelector('#track .down') };
  #still = matchMedia('(prefers-reduced-motion: reduce)');
  /** What each open call was for, by its id: an answer names only the id. */
  #calls = new Map();

  constructor() {
    const box = byId('wire-pings');
    box.addEventListener('change', () => this.#rows.classList.toggle('with-pings', box.checked));
  }

  /** The hub protocol, watched. */
  observe = (protocol) => ({
    name: protocol.name,
    version: protocol.version,
    transferFormat: protocol.transferFormat,
    parseMessages: (input, logger) => {
      const messages = protocol.parseMessages(input, logger);
      const sizes = sizesOf(input);
      messages.forEach((message, index) => this.#saw('down', message, sizes[index]));
      return messages;
    },
    writeMessage: (message) => {
      const written = protocol.writeMessage(message);
      this.#saw('up', message, sizesOf(written)[0]);
      return written;
    },
  });

  #saw(direction, message, bytes) {
    this.#light(direction);
    const target = this.#targetOf(direction, message);
    const row = element(
      'li',
      { className: direction },
      element(
        'span',
        { className: 'arrow', role: 'img', ariaLabel: direction === 'up' ? 'sent' : 'received' },
        direction === 'up' ? '→' : '←',
      ),
      element('span', { className: 'type' }, NAMES[message.type] ?? `type ${message.type}`),
      element('span', { className: 'target' }, target + detailOf(message)),
      element('span', { className: 'bytes' }, bytes === undefined ? '' : `${bytes} B`),
    );
    if (message.type === 6 || target === 'ping') row.classList.add('ping');
    this.#rows.prepend(row);
    if (this.#rows.childElementCount > ROWS) this.#rows.lastElementChild.remove();
  }

  #targetOf(direction, { type, target, invocationId, streamIds }) {
    if (target === undefined) {
      const key = `${opposite(direction)} ${invocationId}`;
      const known = this.#calls.get(key) ?? '';
      if (type === 3) this.#calls.delete(key);
      return known;
    }
    if (invocationId !== undefined) this.#calls.set(`${direction} ${invocationId}`, target);
    // The items of an upload go the same way as the call that they belong to.
    for (const id of streamIds ?? []) this.#calls.set(`${opposite(direction)} ${id}`, target);
    return target;
  }

  #light(direction) {
    const line = this.#lines[direction];
    if (this.#still.matches || document.hidden || line.querySelectorAll('.pip').length >= PIPS) return;
    const pip = element('i', { className: 'pip' });
    line.append(pip);
    const [from, to] = direction === 'up' ? ['0%', '100%'] : ['100%', '0%'];
    pip.animate([{ left: from }, { left: to }], { duration: 700, easing: 'ease-in-out' }).finished.then(
      () => pip.remove(),
      () => pip.remove(),
    );
  }
}

function opposite(direction) {
  return direction === 'up' ? 'down' : 'up';
}

function detailOf({ type, item, error }) {
  if (type === 2 && typeof item !== 'object') return ` ${item}`;
  return error ? ' (error)' : '';
}

/** The bytes of each message in what was sent or received at once. */
function sizesOf(data) {
  if (typeof data === 'string') {
    const encoder = new TextEncoder();
    const records = data.split(RECORD_SEPARATOR).slice(0, -1);
    return records.map((record) => encoder.encode(record).length + 1);
  }
  const bytes = new Uint8Array(data);
  const sizes = [];
  for (let at = 0; at < bytes.length;) {
    const start = at;
    // A length of seven bits a byte, the lowest first; the top bit says that another byte follows.
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      length += (bytes[at] & 0x7f) << shift;
      if ((bytes[at++] & 0x80) === 0) break;
    }
    at += length;
    sizes.push(at - start);
  }
  return sizes;
}
