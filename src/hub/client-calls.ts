import type { CallingClient } from './caller.ts';
import { ConnectionCaller, type ConnectionLife } from './connection-caller.ts';
import { Dispatcher, type DispatchActions } from './dispatcher.ts';
import { InvocationQueue } from './invocation-queue.ts';
import { ReadAhead, type Reader } from './read-ahead.ts';

/**
 * All that a client needs to call and to be looked at by its hub. Made when the first of that happens, because a server may
 * hold many clients that never get there.
 */
export class ClientCalls {
  readonly readAhead: ReadAhead;
  readonly caller: ConnectionCaller;
  readonly queue: InvocationQueue;
  readonly dispatcher: Dispatcher;

  constructor(client: CallingClient, owner: Reader & ConnectionLife & DispatchActions) {
    const { host, settings } = client;
    this.readAhead = new ReadAhead(settings.maximumReadAhead, owner);
    this.caller = new ConnectionCaller(client, this.readAhead, owner);
    this.queue = new InvocationQueue(settings.maximumParallelInvocationsPerClient, this.readAhead);
    this.dispatcher = new Dispatcher(host.definition.methods, this.caller, this.queue, owner);
  }

  /** The connection has ended: what waits is dropped, and what runs is told. */
  end(connectionId: string): void {
    this.queue.close();
    this.caller.ended(new Error(`Connection '${connectionId}' disconnected.`));
  }
}
