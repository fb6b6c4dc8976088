import { serveSettings } from './serve-settings.ts';
import type { Setting } from './setting.ts';

export const help = `Usage: signalbox <command>

Commands:
  serve        runs the service: clients connect to it, and app servers serve them over it
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

export const serveHelp = `Usage: signalbox serve [options]

Runs the service. App servers, .NET ones with AddAzureSignalR among them, connect to it with the connection string that it prints; clients need
nothing but what their app server tells them.

Options, each with the variable of the environment that does the same:
${Object.values<Setting<unknown>>(serveSettings).map(entry).join('')}
Ctrl+C (SIGINT) and SIGTERM stop it: clients are told to come back, and app servers to connect elsewhere. A second one ends it at once.
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
