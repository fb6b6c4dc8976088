import { readdirSync, readFileSync } from 'node:fs';
import { defineHub, method, type HubFilter } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { caching } from '../../examples/filters/caching.ts';
import { door } from '../../examples/filters/door.ts';
import { logging } from '../../examples/filters/logging.ts';
import { cleanLanguage } from '../../examples/filters/validation.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').trim();

describe('the pages on filters and limits', () => {
  const examples = readdirSync(new URL('../../examples/filters/', import.meta.url));
  const blocks = ['docs/filters.md', 'docs/limits.md'].flatMap((page) =>
    Array.from(read(page).matchAll(/^```ts\n([^]*?)\n```$/gm), ([, code = '']) => code),
  );

  test('show the examples as they are, each of them and nothing else', () => {
    expect(blocks.toSorted()).toEqual(examples.map((file) => read(`examples/filters/${file}`)).toSorted());
    expect(blocks.length).toBeGreaterThan(5);
  });
});

let calls = 0;
const hub = defineHub<object, unknown>()({
  methods: {
    say: method([z.string()], (_, text) => `${text} ${++calls}`),
    fail: method([], () => Promise.reject(new TypeError('broken'))),
    count: method([], async function* () {
      yield ++calls;
    }),
  },
});

function serve(filter: HubFilter<unknown>): HubUnderTest<unknown, unknown> {
  calls = 0;
  return new HubUnderTest(hub, { filters: [filter] });
}

describe('an example', () => {
  test('logs calls and ends', async () => {
    const lines: string[] = [];
    const client = serve(logging((line) => void lines.push(line.replace(/[\d.]+ ms/, 'ms')))).connect();
    client.invoke('say', 'a');
    client.invoke('fail');
    await client.receive(2);
    client.connection.vanish(new Error('cut'));
    await settle();
    expect(lines).toEqual(['c1 test.say done ms', 'c1 test.fail failed: broken ms', 'c1 left: cut']);
  });

  test('validates what holds for all methods', async () => {
    const client = serve(cleanLanguage(['rats'])).connect();
    client.invoke('say', '  hi ');
    client.invoke('say', 'oh rats');
    expect(await client.receive(2)).toMatchObject([
      { result: 'hi 1' },
      { error: expect.stringMatching(/HubException: 'rats' is not said here\.$/) },
    ]);
  });

  test('answers from memory, and leaves streams and other methods alone', async () => {
    const client = serve(caching(['say', 'count'], 60_000)).connect();
    for (const text of ['a', 'a', 'b']) client.invoke('say', text);
    expect(await client.receive(3)).toMatchObject([{ result: 'a 1' }, { result: 'a 1' }, { result: 'b 2' }]);
    for (const invocationId of ['1', '2']) client.send({ type: 4, invocationId, target: 'count', arguments: [] });
    expect((await client.receive(4)).filter(({ type }) => type === 2)).toMatchObject([{ item: 3 }, { item: 4 }]);
  });

  test('lets so many in, and the next one when one has left', async () => {
    const server = serve(door(1));
    const first = server.connect();
    const refused = server.connect();
    expect(await refused.receive()).toMatchObject([{ error: 'Connection closed with an error. HubException: The room is full.' }]);
    first.connection.vanish();
    await settle();
    const next = server.connect();
    next.invoke('say', 'x');
    expect(await next.receive()).toMatchObject([{ result: 'x 1' }]);
  });
});
