import { byId, setText } from './dom.js';
import { PROTOCOLS, TRANSPORTS } from './settings.js';

const PHASES = { connecting: 'Connecting', connected: 'Connected', reconnecting: 'Reconnecting', failed: 'Disconnected' };
const GONE = 'The server is out of reach. What you type stays here.';
const GIVEN_UP = 'Disconnected: the server did not come back in time.';

/** Keeps the connection's state at the top of the page, and the banner that explains when there is none. */
export function showStatus(connection) {
  let ticking;
  byId('banner-retry').addEventListener('click', () => void connection.retry());
  connection.addEventListener('change', render);

  function render() {
    const { phase, id, roundTrip, error } = connection.status;
    document.body.dataset.phase = phase;
    setText('status-phase', PHASES[phase]);
    setText('status-id', id ?? '–');
    setText('status-rtt', roundTrip === undefined ? '– ms' : `${roundTrip.toFixed(roundTrip < 10 ? 1 : 0)} ms`);
    byId('banner').hidden = phase === 'connected' || (phase === 'connecting' && !error);
    setText('banner-text', phase === 'failed' ? GIVEN_UP : GONE);
    setText('banner-retry', phase === 'failed' ? 'Connect again' : 'Try now');
    countDown();
  }

  function countDown() {
    clearTimeout(ticking);
    const { phase, retryAt, attempt } = connection.status;
    if (phase !== 'reconnecting' || retryAt === undefined) return setText('banner-time', '');
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    setText('banner-time', seconds > 0 ? `Attempt ${attempt} in ${seconds} s` : `Attempt ${attempt} …`);
    if (seconds > 0) ticking = setTimeout(countDown, 250);
  }
}

/** Names the settings in use. */
export function showSettings({ transport, protocol }) {
  setText('status-transport', TRANSPORTS[transport].label);
  setText('status-protocol', PROTOCOLS[protocol].label);
  const { up, down, text } = TRANSPORTS[transport];
  byId('track').dataset.transport = transport;
  byId('track').ariaLabel = text;
  setText('track-up', up);
  setText('track-down', down);
  setText('track-text', text);
}
