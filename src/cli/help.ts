import { serveSettings } from './serve-settings.ts';
import type { Setting, SettingTable } from './setting.ts';

export const help = `Usage: signalbox <command>

Commands:
  serve        runs the service: clients connect to it, and app servers serve them over it
  config       shows every setting: what it does, its value, and where that comes from
  token        makes a token for a client or an app server
  bill         what the traffic of a service would have cost with Azure SignalR Service

Options:
  -h, --help   this help; signalbox serve --help for a command's
  --version    the version
`;

const entry = ({ flag, switch: alone, variable, placeholder, about, byDefault }: Setting<unknown>): string => {
  const usage = flag === undefined ? `${variable}=${placeholder}` : `--${flag}${alone === true ? '' : ` ${placeholder}`}`;
  const notes = [...(flag === undefined ? [] : [variable]), ...(byDefault === undefined ? [] : [`default ${byDefault}`])];
  return `  ${usage}\n      ${about}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}\n`;
};

type OwnSetting = keyof typeof serveSettings;

/** What is in none of these is among the last. */
const groups: Readonly<Record<string, readonly OwnSetting[]>> = {
  'Where it is': ['port', 'host', 'tlsCert', 'tlsKey', 'trustForwardedFor'],
  'Access keys': ['accessKeyFile', 'accessKey', 'data'],
  'What it shows': ['statusPage', 'metrics', 'logLevel', 'logFormat'],
  'How it stops': ['shutdownDelay', 'shutdownTimeout', 'shutdownSpread'],
};

function grouped(): string {
  const table: SettingTable = serveSettings;
  const named = new Set<string>(Object.values(groups).flat());
  const others = Object.keys(table).filter((name) => !named.has(name));
  return [...Object.entries(groups), ['Others', others] as const]
    .map(
      ([title, names]) =>
        `${title}:\n${names
          .flatMap((name) => table[name] ?? [])
          .map(entry)
          .join('')}`,
    )
    .join('\n');
}

const SET = `  --set <name>=<value>
      an option of the service, such as service.maximumHeldBytes or clients.disconnectTimeout; signalbox config lists them all
`;

export const serveHelp = `Usage: signalbox serve [options]

Runs the service. App servers, .NET ones with AddAzureSignalR among them, connect to it with the connection string that it prints; clients need
nothing but what their app server tells them.

Each option has a variable of the environment that does the same, and a name in the file of --config. The command line counts before the
environment, and that before the file.

${grouped()}${SET}
Ctrl+C (SIGINT) and SIGTERM stop it: clients are told to come back, and app servers to connect elsewhere. A second one ends it at once.
SIGHUP has it read its settings, keys and certificate again; connections stay.
`;

export const configHelp = `Usage: signalbox config [--json | --file] [options of signalbox serve]

Shows every setting that signalbox serve would have with the same options, environment and file: what it does, its value, and where that comes
from. Nothing is started or written, and secrets are not shown. Where something is wrong, it says what, and ends with exit code 1.

  --json       for programs: a list of objects
  --file       as a file for --config, with comments; what has its default is commented out

See signalbox serve --help for the options.
`;

export const tokenHelp = `Usage: signalbox token client --hub <name> [options]
       signalbox token server --hub <name> [options]

Makes a token of the first access key that signalbox serve would have with the same options, environment and file: for a client, or for a server
connection of an app server. Whoever has the token is let in until it ends.

  --hub <name>
      the hub, as the service knows it: the status page shows it
  --user <id>
      who the client is (client only)
  --claim <name>=<value>
      one more claim of the client; may be given several times, also with one name (client only)
  --server-id <id>
      who the app server is; default a random one (server only)
  --lifetime <time>
      how long it is good for, as 90s, 30m, 1h or 7d (default 1h)
  --endpoint <url>
      where the service is found, as connection strings have it (default where signalbox serve would listen)
  --url
      print the whole address to connect to, with the token in it
  --json
      for programs: an object with url, token and expires

See signalbox serve --help for the options that say which key it is: --access-key-file, --data, --config.
`;

export const billHelp = `Usage: signalbox bill [options]

What the traffic that a service has recorded would have cost with Azure SignalR Service: by day and hub, for each tier, from a table of prices that
can be changed.

Options:
  --data <directory>
      where the service keeps what it counts; several times for several nodes, which are counted together (SIGNALBOX_DATA; default .signalbox)
  --month <month>
      one month only, such as 2026-11
  --prices <file>
      other prices, as --print-prices prints them
  --print-prices
      prints the table of prices, and nothing else
  --aspnet-signalr
      app servers are of classic ASP.NET SignalR, which has a hub beside those that you define: 5 connections more for each app server
  --json
      prints the bill as JSON
  -h, --help
      this help
`;
