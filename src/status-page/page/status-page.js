import { Charts } from './charts.js';
import { byId, write } from './dom.js';
import { bytes, count, counted, duration, rate } from './figures.js';
import { HubList } from './hubs.js';
import { Rates } from './rates.js';

/** Milliseconds between two looks, and until a look that is not answered has failed. */
const EVERY = 1000;
const PATIENCE = 5000;

const PHASES = { connecting: 'Connecting', running: 'Running', unreachable: 'Out of reach' };

const charts = new Charts();
let rates = new Rates();
const hubs = new HubList(byId('hubs'), byId('hubs-filter'));
let shownNode;

/** What the page was reached by, app servers on this machine reach, too. */
function showConnectionString() {
  const text = `Endpoint=${location.origin};AccessKey=…;Version=1.0;`;
  write(byId('connection-string'), text);
  write(byId('line-dotnet'), `builder.Services.AddSignalR().AddAzureSignalR("${text}");`);
  write(byId('line-node'), `signalr.connect('${text}');`);
}

function enter(phase) {
  document.body.dataset.phase = phase;
  write(byId('phase'), PHASES[phase]);
  byId('banner').hidden = phase !== 'unreachable';
}

/** After a restart the counters begin anew. */
function beginAnew(status) {
  const node = `${status.node} ${status.startedAt}`;
  if (node === shownNode) return;
  shownNode = node;
  rates = new Rates();
  hubs.clear();
}

function show(answer) {
  const { at, status } = answer;
  beginAnew(status);
  const appServers = new Set(status.hubs.flatMap((hub) => hub.appServers.map(({ id }) => id))).size;
  showAbout(at, status);
  showTiles(at, status, appServers);
  byId('nobody').hidden = appServers > 0;
  byId('hubs-section').hidden = status.hubs.length === 0;
  hubs.show(status.hubs, at);
  byId('charts-section').hidden = false;
  charts.add(answer);
  enter('running');
}

function showAbout(at, { startedAt, node, version }) {
  write(byId('uptime'), duration(at - startedAt));
  const started = new Date(startedAt);
  byId('uptime').dateTime = started.toISOString();
  byId('uptime').title = `since ${started.toLocaleString()}`;
  write(byId('node'), node);
  write(byId('version'), version);
}

function showTiles(at, { clients, serverConnections, traffic, billed, hubs: { length } }, appServers) {
  const { messagesIn, messagesOut, bytesIn, bytesOut } = rates.add(at, traffic);
  write(byId('clients'), count(clients));
  write(byId('clients-note'), `on ${counted(length, 'hub')}`);
  write(byId('app-servers'), count(appServers));
  write(byId('app-servers-note'), counted(serverConnections, 'server connection'));
  write(byId('messages-in'), rate(messagesIn));
  write(byId('messages-out'), rate(messagesOut));
  write(
    byId('messages-note'),
    `${count(traffic.messagesIn)} in, ${count(traffic.messagesOut)} out, ${count(billed)} billed since the start`,
  );
  write(byId('bytes-in'), bytes(bytesIn));
  write(byId('bytes-out'), bytes(bytesOut));
  write(byId('bytes-note'), `${bytes(traffic.bytesIn)} in, ${bytes(traffic.bytesOut)} out since the start`);
}

/** Looks once, and again after a while for as long as the page is there. A page that nobody sees does not look. */
async function look() {
  if (!document.hidden) {
    try {
      const response = await fetch('status.json', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
      if (!response.ok) throw new Error(`status.json was answered with ${response.status}`);
      show(await response.json());
    } catch {
      charts.interrupt();
      enter('unreachable');
    }
  } else charts.interrupt();
  setTimeout(look, EVERY);
}

showConnectionString();
void look();
