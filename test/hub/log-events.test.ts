import { describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/base/log.ts';
import { hubEvents } from '../../src/hub/log-events.ts';
import { transportEvents } from '../../src/transport/log-events.ts';

const floors: Readonly<Record<string, Readonly<Record<string, LogEvent>>>> = { Hubs: hubEvents, Transports: transportEvents };
const events = Object.values(floors).flatMap((table) => Object.values(table));

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row({ id, level, name, text, about, reference }: LogEvent): string {
  return `| \`${id}\` | ${level} | ${reference === true ? `**${name}**` : name} | ${cell(text)} | ${cell(about)} |\n`;
}

/** docs/log-events.md, as the tables have it. */
const page = `# Log events

What Signalbox says to operators, through the option \`log\` ([telemetry.md](telemetry.md#logs) has the loggers). An id is stable; a text is not, except where the name is
bold: name and text are then those of ASP.NET Core SignalR, so that searches and alerts find them. Braces are filled in with fields of that name. With most events come
\`connectionId\`, \`hub\` and the error, as fields of their own. Tokens, headers and what clients send as arguments are never logged; the text of an error that your own code throws is.

By default warnings and errors go to standard error, and nothing else goes anywhere.

This page is made of the tables in the source, by \`npx vitest run --project fast test/hub/log-events.test.ts -u\`.
${Object.entries(floors)
  .map(
    ([floor, table]) =>
      `\n## ${floor}\n\n| id | level | name | text | what has happened |\n| --- | --- | --- | --- | --- |\n${Object.values(table)
        .map((event) => row(event))
        .join('')}`,
  )
  .join('')}`;

describe('the tables of log events', () => {
  it('are what docs/log-events.md lists', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/log-events.md');
  });

  it('have each id once, named after its floor', () => {
    const ids = events.map(({ id }) => id);
    expect(ids.length).toBe(new Set(ids).size);
    for (const id of Object.values(hubEvents).map((event) => event.id)) expect(id).toMatch(/^hub(\.[a-z]+(-[a-z]+)*)$/);
    for (const id of Object.values(transportEvents).map((event) => event.id)) expect(id).toMatch(/^transport(\.[a-z]+(-[a-z]+)*)$/);
  });

  it.each(events.map((event) => [event.id, event] as const))('%s has a name and sentences', (_, { name, text, about }) => {
    expect(name).toMatch(/^([A-Z][a-z]+)+$/);
    expect(text).toMatch(/^(\{|[A-Z]|authenticate|webSockets).*\.$/);
    expect(about).toMatch(/^$|^(`|[A-Z]).*\.$/);
  });
});
