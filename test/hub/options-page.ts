import { readFileSync } from 'node:fs';
import type { Option, OptionTable } from '../../src/base/option-table.ts';
import { appServerOptions } from '../../src/app-server/options.ts';
import { busOptions } from '../../src/bus/options.ts';
import { hubOptions } from '../../src/hub/options.ts';
import { redisOptions } from '../../src/redis/options.ts';
import { limitOptions } from '../../src/transport/limit-options.ts';
import { connectionOptions } from '../../src/transport/options.ts';

/** An option as its source describes it. */
export interface DescribedOption {
  /** `webSockets.closeTimeout` */
  readonly path: string;
  /** The comment above it, on one line. */
  readonly comment: string;
}

/** A row of the page, and where it comes from. */
export interface TableOption extends DescribedOption {
  readonly option: Option<unknown>;
}

const INTRODUCTION = `# Options

Each option of hubs and connections can be given to \`new SignalR(options)\`, for every endpoint of the host, and to \`map(path, hub, options)\` or
\`mapConnection(path, handler, options)\`, for that one; those of Redis to \`redis(where, options)\`, those of a bus to \`busBackplane(bus, options)\`, those of
an app server to \`signalr.connect(connectionString, options)\`. Times are milliseconds, sizes are bytes. Names and defaults are those of
ASP.NET Core SignalR where it has the option, of its Redis client, and of the SDK of the Azure SignalR Service. A value that an option does not take throws \`SIGNALBOX_INVALID_OPTION\`.

This page is made of the option tables in the source, by \`npx vitest run --project fast test/hub/options.test.ts -u\`.
`;

/** A file of the source. */
export const source = (file: string): string => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

/** The comments of a file's options, by name; where a name occurs again, the first after `from`. */
function commentOf(text: string, name: string, from: number): string {
  const commented = new RegExp(String.raw`/\*\*((?:(?!\*/)[^])*)\*/\s+(?:readonly )?${name}\??[:,]`, 'g');
  commented.lastIndex = from;
  const comment = commented.exec(text)?.[1];
  if (comment === undefined) throw new Error(`The option ${name} has no comment.`);
  return comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
}

/** The options of a table, with the comments that its source has. */
export function described(text: string, table: OptionTable, group = ''): readonly TableOption[] {
  const from = group === '' ? 0 : text.indexOf(`${group.slice(0, -1)}: {`);
  return Object.entries(table).flatMap(([name, entry]) =>
    typeof entry['accepts'] === 'function'
      ? [{ path: group + name, comment: commentOf(text, name, from), option: entry as Option<unknown> }]
      : described(text, entry as OptionTable, `${name}.`),
  );
}

/** The options of the tables. */
export const tableOptions = {
  hubs: described(source('hub/options.ts'), hubOptions),
  connections: described(source('transport/options.ts'), connectionOptions),
  hosts: described(source('transport/limit-options.ts'), limitOptions),
  redis: described(source('redis/options.ts'), redisOptions),
  bus: described(source('bus/options.ts'), busOptions),
  appServer: described(source('app-server/options.ts'), appServerOptions),
};

/** The members of an interface that options of functions and objects are declared in. */
export function members(file: string, name: string): readonly DescribedOption[] {
  const text = source(file);
  const start = text.indexOf(`export interface ${name}`);
  const body = text.slice(start, text.indexOf('\n}\n', start));
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, path = '']) => ({ path, comment: commentOf(body, path, 0) }));
}

/** A comment in two: what an option does, and its default. */
export function parts(comment: string): { readonly text: string; readonly byDefault: string } {
  const [, before = '', byDefault = '', after = ''] = /^([^]*?)\s*Default:? ([^]*?)\.(?=\s|$)([^]*)$/.exec(comment) ?? [];
  if (byDefault === '') throw new Error(`The comment says no default: ${comment}`);
  return { text: `${before}${after}`, byDefault };
}

/** One heading of a page with its table. */
export function page(title: string, options: readonly DescribedOption[]): string {
  const rows = options.map(({ path, comment }) => {
    const { text, byDefault } = parts(comment);
    return `| \`${path}\` | ${byDefault} | ${text.replaceAll('|', '\\|')} |\n`;
  });
  return `\n## ${title}\n\n| option | default | what it does |\n| --- | --- | --- |\n${rows.join('')}`;
}

/** docs/options.md, as it has to be. */
export const optionsPage = [
  INTRODUCTION,
  page('Hubs', tableOptions.hubs),
  page('Connections', [...tableOptions.connections, ...members('hub/connection-options.ts', 'ConnectionOptions')]),
  page('Hosts', [...members('hub/signalr.ts', 'SignalROptions'), ...tableOptions.hosts]),
  page('Redis', [...tableOptions.redis, ...members('redis/options.ts', 'RedisOptions')]),
  page('Bus', tableOptions.bus),
  page('App servers of a service', [...tableOptions.appServer, ...members('hub/connected-service.ts', 'ConnectOptions')]),
].join('');
