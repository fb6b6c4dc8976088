import { byId, setText } from './dom.js';

const AWAY = "The farm's Redis is away: messages reach this server's pages now, and the others when it is back.";

/** Shows which server the page is on, where there are several, and whether that one reaches the others. */
export class FarmStatus extends EventTarget {
  #connection;
  /** Without a name, the server is in no farm, or has not said so yet. */
  #view = { server: '', servers: [''], redis: 'connected' };

  constructor(connection) {
    super();
    this.#connection = connection;
    connection.on('farm', (view) => this.#show(view));
    connection.addEventListener('change', () => this.#render());
  }

  /** Whether the server can't reach the others; false, too, where that is not known. */
  get away() {
    return this.#view.redis !== 'connected';
  }

  /** The address of this page at another server of the farm; undefined where there is none. */
  elsewhere(path) {
    const other = this.#view.servers.find((server) => server !== this.#view.server);
    return other && { server: other, address: `${location.protocol}//${location.hostname}${other}${path}` };
  }

  #show(view) {
    this.#view = view;
    this.#render();
    this.dispatchEvent(new Event('change'));
  }

  #render() {
    byId('farm').hidden = this.#view.server === '';
    byId('farm-banner').hidden = !(this.away && this.#connection.connected);
    setText('farm-banner-text', this.away ? AWAY : '');
    const { server, servers } = this.#view;
    setText('status-server', servers.length > 1 ? `${server} of ${servers.length}` : server);
    byId('farm').title = `The servers that hear each other: ${servers.join(', ')}`;
  }
}
