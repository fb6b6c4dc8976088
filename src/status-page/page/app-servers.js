import { element, write } from './dom.js';
import { count, counted, duration } from './figures.js';

const KINDS = { default: 'default', onDemand: 'on demand', weak: 'weak' };

/** One app server of a hub. */
export class AppServerRow {
  node;
  #sdk = element('span', 'sdk');
  #clients = element('span', 'served');
  #connections = element('span', 'connections');
  #leaving = element('span', 'tag', 'leaving');

  constructor(id) {
    const name = element('span', 'id mono', element('bdi', '', id));
    this.node = element(
      'li',
      '',
      element('p', 'who', name, this.#leaving),
      this.#sdk,
      element('p', 'what', this.#clients, this.#connections),
    );
  }

  show({ appServer: { userAgent, clients, leaving, connections }, at }) {
    write(this.#sdk, sdkOf(userAgent));
    this.#sdk.title = userAgent;
    write(this.#clients, counted(clients, 'client'));
    write(this.#connections, kindsOf(connections, at));
    this.#leaving.hidden = !leaving;
  }
}

/** The product and version that a user agent begins with, without the commit behind it, and the platform's name. */
function sdkOf(userAgent) {
  const [, product, version, platform] = /^([^\s/]+)\/([^\s+]+)\S*(?:\s*\(([^;)]*))?/.exec(userAgent) ?? [];
  if (product === undefined) return userAgent || 'an SDK that does not say its name';
  return [`${product} ${version}`, platform].filter(Boolean).join(', ');
}

function kindsOf(connections, at) {
  if (connections.length === 0) return 'no server connection';
  const kinds = Object.entries(KINDS)
    .map(([kind, name]) => [connections.filter((connection) => connection.kind === kind).length, name])
    .filter(([number]) => number > 0)
    .map(([number, name]) => `${count(number)} ${name}`);
  const all = counted(connections.length, 'server connection');
  const since = duration(at - Math.min(...connections.map(({ connectedAt }) => connectedAt)));
  return `${kinds.length > 1 ? `${all} (${kinds.join(', ')})` : all}, connected for ${since}`;
}
