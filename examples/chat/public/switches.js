import { byId, element, setText } from './dom.js';
import { PROTOCOLS, TRANSPORTS } from './settings.js';

const TEXT_ONLY = 'MessagePack is bytes, and server-sent events carry only text: it needs another transport.';

/** Offers the transports and the hub protocols. `choose` is called with a pair that works. */
export function offerSwitches(settings, choose) {
  let { transport, protocol } = settings;
  fill('transports', TRANSPORTS, transport, (name) => pick(name, protocol));
  fill('protocols', PROTOCOLS, protocol, (name) => pick(transport, name));
  render();

  function pick(newTransport, newProtocol) {
    const impossible = newTransport === 'sse' && newProtocol === 'messagepack';
    transport = newTransport;
    protocol = impossible ? 'json' : newProtocol;
    render(impossible ? 'Switched to JSON as well. ' : '');
    choose({ transport, protocol });
  }

  function render(news = '') {
    const textOnly = transport === 'sse';
    for (const input of byId('protocols').querySelectorAll('input')) {
      input.checked = input.value === protocol;
      input.disabled = textOnly && input.value === 'messagepack';
    }
    setText('switch-hint', textOnly ? news + TEXT_ONLY : '');
  }
}

function fill(id, choices, chosen, pick) {
  const boxes = Object.entries(choices).map(([value, { label, short }]) => {
    const input = element('input', { type: 'radio', name: id, value, checked: value === chosen, ariaLabel: label });
    input.addEventListener('change', () => pick(value));
    return element('label', { title: label }, input, element('span', {}, short ?? label));
  });
  byId(id).replaceChildren(...boxes);
}
