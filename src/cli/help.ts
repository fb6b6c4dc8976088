import { serveSettings } from './serve-settings.ts';
import type { Setting } from './setting.ts';

export const help = `Usage: signalbox <command>

Commands:
  serve        runs the service: clients connect to it, and app servers serve them over it

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
