import { defineHub, method, streamOf, type Schema } from 'signalbox';

export interface BenchClient {
  message(text: string): void;
  answer(text: string): string;
}

/** A validator of a few instructions, so that what is measured is the server and not a library of validators. */
function type<Value>(name: string): Schema<Value, Value> {
  const valid = (value: unknown): value is Value => typeof value === name;
  const validate = (value: unknown): { value: Value } | { issues: { message: string }[] } =>
    valid(value) ? { value } : { issues: [{ message: `not a ${name}` }] };
  return { '~standard': { version: 1, vendor: 'bench', validate } };
}

const text = type<string>('string');
const number = type<number>('number');

/** The methods that the scenarios call. Every server of the bench has the same. */
export const benchHub = defineHub<BenchClient>()({
  results: { answer: text },
  methods: {
    echo: method([text], (_, given) => given),
    broadcast: method([text], ({ clients }, given) => clients.all.message(given)),
    join: method([text], ({ groups }, group) => groups.join(group)),
    sendGroup: method([text, text], ({ clients }, group, given) => clients.group(group).message(given)),
    id: method([], ({ connectionId }) => connectionId),
    sendTo: method([text, text], ({ clients }, id, given) => clients.client(id).message(given)),
    count: method([number, number], async function* (_, from, items) {
      for (let i = 0; i < items; i++) yield from + i;
    }),
    upload: method([streamOf(number)], async (_, items) => {
      let inOrder = 0;
      let previous: number | undefined;
      for await (const item of items) {
        if (previous === undefined || item === previous + 1) inOrder++;
        previous = item;
      }
      return inOrder;
    }),
    ask: method([text], ({ clients }, given) => clients.caller.invoke.answer(given)),
  },
});
