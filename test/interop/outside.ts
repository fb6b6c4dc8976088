import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HubClients, HubGroups } from 'signalbox';
import { type InteropClient, targetOf } from './hub.ts';

/** What a process does to its hub from outside: plain HTTP, so that a test can ask for it. The counterpart of dotnet/Outside.cs. */
export interface OutsideWorld {
  readonly clients: HubClients<InteropClient>;
  readonly groups: HubGroups;
  readonly stop: () => void;
}

/** Answers what no hub answers. */
export async function answerOutside(world: OutsideWorld, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  const [, act = '', name = ''] = pathname.split('/').map(decodeURIComponent);
  const given = (parameter: string): string => query.get(parameter) ?? '';
  const json = (value: unknown): void => void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  switch (`${request.method} ${act}`) {
    case 'POST outside':
      await targetOf(world.clients, given('to'), query.getAll('name'), query.getAll('except')).message(given('text'));
      return json(null);
    case 'POST join':
      await world.groups.join(given('connection'), given('group'));
      return json(null);
    case 'POST leave':
      await world.groups.leave(given('connection'), given('group'));
      return json(null);
    case 'GET ask':
      return json(await ask(world.clients, name, given('question'), Number(query.get('milliseconds') ?? 10_000)));
    case 'POST stop':
      world.stop();
      return json(null);
    default:
      response.writeHead(404).end();
  }
}

/** The client's answer, or the bare text of what went wrong. */
function ask(clients: HubClients<InteropClient>, connection: string, question: string, milliseconds: number): Promise<object> {
  const signal = AbortSignal.timeout(milliseconds);
  return clients
    .client(connection)
    .invokeWith({ signal })
    .ask(question)
    .then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error: (error as Error).message }),
    );
}
