import type { Client } from './client.ts';
import type { Dialect, StreamCalls } from './dialect.ts';
import type { LoadPlan, Work } from './plan.ts';
import { RecordPattern } from './record-pattern.ts';
import type { Tally } from './tally.ts';
import type { Workload } from './workload.ts';
import { Answerer } from './workloads/ask.ts';
import { Broadcast } from './workloads/broadcast.ts';
import { Conversations } from './workloads/conversation.ts';
import { Echo } from './workloads/echo.ts';
import { Groups } from './workloads/groups.ts';
import { StreamReader } from './workloads/stream.ts';
import { ToConnection } from './workloads/to-connection.ts';
import { Uploader } from './workloads/upload.ts';

const nothing: Workload = {
  pending: 0,
  start() {
    // Idle connections only are.
  },
  stop() {
    // Nothing was started.
  },
  finish() {
    // Nothing was sent.
  },
};

/** What the clients of a plan do. */
export function workloadFor(plan: LoadPlan, clients: readonly Client[], dialect: Dialect, tally: Tally): Workload {
  const { work, numbered, generator, apart = false } = plan;
  switch (work.kind) {
    case 'echo':
      return new Echo(clients, dialect, tally, { ...work, numbered });
    case 'broadcast':
      return new Broadcast(clients, dialect, tally, { ...work, sends: generator === 0, apart });
    case 'groups':
      return new Groups(clients, dialect, tally, { ...work, prefix: `${generator}-` });
    case 'toConnection':
      return new ToConnection(clients, dialect, tally, work.size);
    case 'stream': {
      const pattern = new RecordPattern();
      const streams = streamsOf(dialect, work);
      return new Conversations(
        clients.map((client) => new StreamReader(client, tally, streams, work.items, pattern)),
        tally,
      );
    }
    case 'upload': {
      const streams = streamsOf(dialect, work);
      return new Conversations(
        clients.map((client) => new Uploader(client, tally, streams, work.items)),
        tally,
      );
    }
    case 'ask':
      return new Conversations(
        clients.map((client) => new Answerer(client, tally, dialect, work.size)),
        tally,
      );
    case 'idle':
    case 'storm':
      return nothing;
    default:
      return nothing;
  }
}

function streamsOf({ streams }: Dialect, { kind }: Work): StreamCalls {
  if (!streams) throw new TypeError(`this protocol has no streams, which '${kind}' is about`);
  return streams;
}
