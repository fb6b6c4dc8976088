import { decode } from '@msgpack/msgpack';
import { SignalR } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServiceMessage } from '../../src/protocol/service/messages.ts';
import { parseServiceMessages } from '../../src/protocol/service/reader.ts';
import { readTranscript, whole, type Bytes, type ServerEvent } from '../service/sessions/transcript.ts';
import { eventually } from '../eventually.ts';
import { recordedHub } from './recorded-hub.ts';
import { ScriptedService, type ScriptedLink } from './scripted-service.ts';

const names = ['echo-json', 'echo-messagepack', 'streams-json', 'streams-messagepack', 'large-json', 'large-messagepack', 'ends'];

const OPENING_BRACE = 0x7b;
const bytesOf = (bytes: Bytes): Buffer => Buffer.from(whole(bytes), 'latin1');

function messageOf(bytes: Bytes): ServiceMessage {
  const messages: ServiceMessage[] = [];
  const buffer = bytesOf(bytes);
  parseServiceMessages(buffer, 0, 0, (message) => {
    if (message.type === 'malformed' || message.type === 'unknown') throw new Error(`No message: ${JSON.stringify(message)}`);
    messages.push(message);
    return true;
  });
  return messages[0] as ServiceMessage;
}

/** A hub message, whatever bytes it has. */
function meaning(payload: Buffer): unknown {
  if (payload[0] === OPENING_BRACE) return JSON.parse(payload.toString().slice(0, -1));
  const head = payload.findIndex((byte) => byte < 0x80) + 1;
  return decode(payload.subarray(head));
}

/** What an app server says to clients, with messages by their meaning. What is undefined stands for what it asks of the service itself. */
function said(message: ServiceMessage): unknown {
  if (message.type === 'connectionData') return { ...message, payload: meaning(message.payload) };
  if (message.type === 'closeConnection') return message;
  if (message.type !== 'broadcastData' && message.type !== 'multiConnectionData') return undefined;
  return { ...message, payloads: new Map([...message.payloads].map(([protocol, payload]) => [protocol, meaning(payload)])) };
}

/** Gives an app server of ours what one with the official SDK was given, and awaits that it says what that said. */
class Session {
  readonly #links: ReadonlyMap<string, ScriptedLink>;
  /** Clients that the service has said are gone: what they are told then, nobody hears. */
  readonly #gone = new Set<string>();
  compared = 0;

  constructor(links: ReadonlyMap<string, ScriptedLink>) {
    this.#links = links;
  }

  async play(event: ServerEvent): Promise<void> {
    const link = this.#links.get(event.server);
    if (link === undefined) throw new Error(`There is no server connection ${event.server}`);
    if ('gets' in event) this.#give(link, event.gets);
    else if ('sends' in event) await this.#expect(link, messageOf(event.sends));
  }

  #give(link: ScriptedLink, bytes: Bytes): void {
    const message = messageOf(bytes);
    if (message.type === 'handshakeResponse') return;
    if (message.type === 'closeConnection') this.#gone.add(message.connectionId);
    link.sendBytes(bytesOf(bytes));
  }

  async #expect(link: ScriptedLink, message: ServiceMessage): Promise<void> {
    const wanted = said(message);
    const to = 'connectionId' in message ? (message.connectionId ?? undefined) : undefined;
    if (wanted === undefined || (to !== undefined && this.#gone.has(to))) return;
    const from = message.type === 'broadcastData' ? await this.#broadcaster() : link;
    const next = await from.next(message.type, (one) => to === undefined || ('connectionId' in one && one.connectionId === to));
    expect(said(next as ServiceMessage)).toEqual(wanted);
    this.compared += 1;
  }

  /** Which server connection a broadcast goes by is any app server's own choice. */
  #broadcaster(): Promise<ScriptedLink> {
    return eventually(() => {
      const link = [...this.#links.values()].find((one) => one.all('broadcastData').length > 0);
      if (link === undefined) throw new Error('Nothing was broadcast.');
      return link;
    });
  }
}

describe.each(names)('given what the official SDK was given, as it was recorded: %s', (name) => {
  const transcript = readTranscript(name);

  test('says to clients what that said', async () => {
    const events = transcript.steps.flatMap((step) => step.events).filter((event): event is ServerEvent => 'server' in event);
    const recorded = [...new Set(events.map(({ server }) => server))];
    const service = await ScriptedService.start();
    const signalr = new SignalR({ log: () => {} }).map('/chat', recordedHub(), { maximumReceiveMessageSize: 1_000_000 });
    onTestFinished(async () => {
      service.close();
      await signalr.close();
    });
    await signalr.connect(service.connectionString, { initialHubServerConnectionCount: recorded.length }).connected;
    const links = await service.came(recorded.length);
    const first = events.find((event) => 'sends' in event);
    for (const link of links) {
      await link.settle();
      expect(link.first).toEqual(first && 'sends' in first && bytesOf(first.sends));
    }
    const session = new Session(new Map(recorded.map((server, at) => [server, links[at] as ScriptedLink])));
    for (const event of events) await session.play(event);
    expect(session.compared).toBeGreaterThan(4);
  });
});
