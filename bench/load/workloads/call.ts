import type { Client } from '../client.ts';
import { FIRST_NUMBER } from '../sequence.ts';
import type { NumberedMessage } from '../template.ts';

/** Has a client make one call, before it is given to a workload, and resolves with the result. Rejects when that is an error. */
export function callOnce(client: Client, call: NumberedMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.receive({
      record: (buffer, start, end) => {
        const received = client.interpret(buffer, start, end);
        if (received?.kind !== 'completion') return;
        if (received.error === undefined) resolve(received.result);
        else reject(new Error(received.error));
      },
    });
    client.send(client.prepare(call), FIRST_NUMBER);
    client.flush();
  });
}
