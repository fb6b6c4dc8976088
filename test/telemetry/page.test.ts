import { readFileSync } from 'node:fs';
import { Server, type AddressInfo } from 'node:net';
import { HubConnectionBuilder, LogLevel } from '@microsoft/signalr';
import { trace } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { ConsoleSpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { attributes, serviceAttributes } from '../../src/telemetry/attributes.ts';
import { prometheusName, type Instrument } from '../../src/telemetry/instrument.ts';
import { instruments } from '../../src/telemetry/instruments.ts';
import { serviceInstruments } from '../../src/telemetry/service-instruments.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const docs = read('../../docs/telemetry.md');

type Table = Readonly<Record<string, Instrument>>;

const kinds = { counter: 'counter', upDownCounter: 'up-down counter', gauge: 'gauge', histogram: 'histogram' };

function row(instrument: Instrument): string {
  const { name, kind, unit, description, attributes: names, reference, published } = instrument;
  const shown = reference === true || published === true ? `**\`${name}\`**` : `\`${name}\``;
  const tags = names.map((tag) => `\`${tag}\``).join(', ');
  const other = prometheusName(instrument) === name ? '' : `<br>\`${prometheusName(instrument)}\``;
  return `| ${shown}${other} | ${kinds[kind]} | \`${unit}\` | ${tags} | ${description} |\n`;
}

function buckets(table: Table): string {
  const lists = new Map<string, string[]>();
  for (const { name, buckets: bounds } of Object.values(table)) {
    if (bounds === undefined) continue;
    const list = bounds.join(', ');
    lists.set(list, [...(lists.get(list) ?? []), `\`${name}\``]);
  }
  return [...lists].map(([list, names]) => `| ${names.join(', ')} | ${list} |\n`).join('');
}

/** The tables of one part of the page, as the source has them. */
function tables(table: Table, values: Readonly<Record<string, string>>): string {
  return `
| name for OpenTelemetry, for Prometheus | kind | unit | attributes | what |
| --- | --- | --- | --- | --- |
${Object.values(table).map(row).join('')}
| attribute | values |
| --- | --- |
${Object.entries(values)
  .map(([name, text]) => `| \`${name}\` | ${text} |\n`)
  .join('')}
| histogram | buckets, in seconds |
| --- | --- |
${buckets(table)}
`;
}

/** The page with what a part of it is to be, between its marks. */
const withPart = (page: string, mark: string, part: string): string =>
  page.replace(
    new RegExp(`(<!-- ${mark}: [^\\n]+-->\\n)[^]*(<!-- end of ${mark} -->)`),
    (_, start: string, end: string) => start + part + end,
  );

test('docs/telemetry.md has the tables of the source', async () => {
  const page = withPart(docs, 'metrics', tables(instruments, attributes));
  await expect(withPart(page, 'service metrics', tables(serviceInstruments, serviceAttributes))).toMatchFileSnapshot(
    '../../docs/telemetry.md',
  );
});

const programs = [...docs.matchAll(/<!-- code: (\w+) -->\n\n```ts\n([^]*?)```/g)].map(([, name = '', code = '']) => [name, code] as const);

test('every program on the page is one of those that run below', () => {
  expect(docs.match(/```ts/g)).toHaveLength(programs.length);
  for (const [name, code] of programs) expect(code).toBe(read(`page/${name}.ts`));
  expect(programs.map(([name]) => name)).toEqual(['opentelemetry', 'prometheus', 'service', 'logs', 'health']);
});

describe('the programs on the page', () => {
  const servers: Server[] = [];
  const listenAt = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server;

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    for (const server of servers.splice(0)) server.close();
  });

  /** Runs a program on a free port instead of its own. */
  async function start(name: string): Promise<string> {
    const listening = new Promise<Server>((resolve) => {
      vi.spyOn(Server.prototype, 'listen').mockImplementation(function listen(this: Server, ...args: unknown[]) {
        servers.push(this);
        const given = args.find((arg) => typeof arg === 'function') as (() => void) | undefined;
        const listened = (): void => {
          given?.();
          resolve(this);
        };
        return listenAt.call(this, 0, '127.0.0.1', listened);
      });
    });
    await import(`./page/${name}.ts`);
    return `http://127.0.0.1:${((await listening).address() as AddressInfo).port}`;
  }

  /** Runs one, and calls its hub. */
  async function run(name: string): Promise<string> {
    const origin = await start(name);
    const client = new HubConnectionBuilder().withUrl(`${origin}/chat`).configureLogging(LogLevel.None).build();
    await client.start();
    expect(await client.invoke('echo', name)).toBe(name);
    await client.stop();
    return origin;
  }

  test('trace', async () => {
    const exported: ReadableSpan[] = [];
    vi.spyOn(ConsoleSpanExporter.prototype, 'export').mockImplementation((spans, done) => {
      exported.push(...spans);
      done({ code: ExportResultCode.SUCCESS });
    });
    await run('opentelemetry');
    const provider = (trace.getTracerProvider() as unknown as { getDelegate(): { forceFlush(): Promise<void> } }).getDelegate();
    await provider.forceFlush();
    expect(exported.map(({ name }) => name)).toContain('Chat/echo');
  });

  test('measure', async () => {
    const origin = await run('prometheus');
    expect(await (await fetch(`${origin}/metrics`)).text()).toContain(
      'signalr_server_invocations_total{rpc_service="Chat",rpc_method="echo"',
    );
    expect((await fetch(`${origin}/other`)).status).toBe(404);
  });

  test('measure a service', async () => {
    vi.stubEnv('ACCESS_KEY', 'k'.repeat(32));
    const origin = await start('service');
    expect(await (await fetch(`${origin}/metrics`)).text()).toContain('ConnectionCount{Endpoint="Client"} 0\n');
    expect((await fetch(`${origin}/client/?hub=chat`)).status).toBe(401);
  });

  test('log', async () => {
    await run('logs');
  });

  test('tell their health', async () => {
    const origin = await run('health');
    expect([(await fetch(`${origin}/healthz`)).status, (await fetch(`${origin}/readyz`)).status]).toEqual([200, 200]);
  });
});
