import { startChat } from './app.ts';
import { ServerProcesses } from './farm/processes.ts';
import { startWithService } from './service.ts';
import { readSettings, type FarmSettings, type ServiceSettings, type Settings } from './settings.ts';

/** What to do about an address that can't be listened on. */
const advice: Readonly<Record<string, (settings: Settings) => string>> = {
  EADDRINUSE: portAdvice,
  EACCES: ({ port }) => `Port ${port} needs more rights than this process has. Choose one above 1023: PORT=8888 npm start`,
  EADDRNOTAVAIL: ({ host }) => `${host} is not an address of this machine. Leave HOST out, or set it to one that is.`,
  ENOTFOUND: ({ host }) => `There is no host called ${host}. Leave HOST out, or set it to an address of this machine.`,
};

function portAdvice(settings: Settings): string {
  const { port } = settings;
  if (!settings.hub) return `Port ${port} is taken, perhaps by another npm start. Choose another: PORT=${port + 2} npm start`;
  const { servers } = settings;
  return servers === 1
    ? `Port ${port} is taken. Choose another: PORT=${port + 1} npm start -- --hub`
    : `One of the ports ${port} to ${port + servers - 1} is taken. Choose others: PORT=${port + servers} npm start -- --hub --servers ${servers}`;
}

const watcher = { says: (line: string) => console.log(line), warns: (line: string) => console.error(line) };

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env);
  try {
    if (!settings.hub) await runWithService(settings);
    else if (settings.servers === 1) await runOne(settings);
    else await runFarm(settings);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(advice[code ?? '']?.(settings) ?? message), { code });
  }
}

async function runWithService(settings: ServiceSettings): Promise<void> {
  const { service, chat, close } = await startWithService(settings);
  console.log(`Signalbox, the service:
  status page        ${service.url}/
  chat               ${chat.url}/
  connection string  ${service.shownConnectionString}

The chat is an app server of the service: open it in two tabs. Give the connection string to a .NET app: AddAzureSignalR("…").
Ctrl+C stops both.`);
  endWith(close);
}

async function runOne(settings: FarmSettings): Promise<void> {
  const chat = await startChat(settings);
  console.log(`Signalbox chat: ${chat.url}\nOpen it in two tabs. Ctrl+C stops it.`);
  endWith(() => chat.close());
}

async function runFarm(settings: FarmSettings): Promise<void> {
  const processes = await ServerProcesses.start(settings, watcher);
  const addresses = processes.addresses.map(({ url, pid }) => `  ${url} (process ${pid})\n`).join('');
  console.log(`Signalbox chat, a farm of ${settings.servers} servers:\n${addresses}Open two of them. Ctrl+C stops them all.`);
  endWith(() => processes.end());
}

/** Once: a second Ctrl+C ends the process at once, as it would without a listener. */
function endWith(end: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end());
}

main().catch(({ code, message }: NodeJS.ErrnoException) => {
  console.error(code === undefined ? message : `${code}: ${message}`);
  process.exitCode = 1;
});
