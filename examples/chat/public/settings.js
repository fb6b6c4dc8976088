/* The choices of this tab: those worth sharing are in its address, the others in its session storage. */

export const TRANSPORTS = {
  websockets: {
    label: 'WebSockets',
    type: 'WebSockets',
    up: 'one socket',
    down: 'both ways',
    text: 'One WebSocket carries both directions.',
  },
  sse: {
    label: 'Server-sent events',
    short: 'Events',
    type: 'ServerSentEvents',
    up: 'POST each',
    down: 'one open response',
    text: 'One response that never ends carries everything here; what you send is a POST each.',
  },
  polling: {
    label: 'Long polling',
    short: 'Polling',
    type: 'LongPolling',
    up: 'POST each',
    down: 'GET, again and again',
    text: 'A GET waits until there is news, then the next one does; what you send is a POST each.',
  },
};

export const PROTOCOLS = { json: { label: 'JSON' }, messagepack: { label: 'MessagePack' } };

/** Reads the address. A pair that can't be is mended: server-sent events carry text, and MessagePack is bytes. */
export function readSettings() {
  const query = new URLSearchParams(location.search);
  const transport = known(TRANSPORTS, query.get('transport')) ?? 'websockets';
  const protocol = known(PROTOCOLS, query.get('protocol')) ?? 'json';
  return { transport, protocol: transport === 'sse' ? 'json' : protocol, room: query.get('room') || 'lobby' };
}

export function writeSettings({ transport, protocol, room }) {
  history.replaceState(null, '', addressFor({ transport, protocol, room }));
}

export function addressFor(settings) {
  return `/?${new URLSearchParams(settings)}`;
}

function known(table, name) {
  return name !== null && Object.hasOwn(table, name) ? name : undefined;
}

/**
 * The secret that keeps this tab's nickname over a reload. It is in storage only while the page is away: a browser copies the
 * storage of a tab that is duplicated, and two tabs of one seat would push each other out.
 */
export function takeSeat() {
  const seat = sessionStorage.getItem('seat') ?? newSeat();
  sessionStorage.removeItem('seat');
  addEventListener('pagehide', () => sessionStorage.setItem('seat', seat));
  addEventListener('pageshow', () => sessionStorage.removeItem('seat'));
  return seat;
}

function newSeat() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const FIRST = ['Amber', 'Brass', 'Cedar', 'Clear', 'Copper', 'Early', 'Iron', 'Lucky', 'Night', 'Northern', 'Quiet', 'Silver'];
const SECOND = ['Badger', 'Falcon', 'Finch', 'Fox', 'Heron', 'Lynx', 'Magpie', 'Marten', 'Otter', 'Owl', 'Raven', 'Swift'];

export function suggestedNickname() {
  const [first, second] = crypto.getRandomValues(new Uint8Array(2));
  return `${FIRST[first % FIRST.length]} ${SECOND[second % SECOND.length]}`;
}
