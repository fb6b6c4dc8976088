import { expect } from 'vitest';
import type { ServiceMessage } from '../../../src/protocol/service/messages.ts';
import { parseServiceMessages } from '../../../src/protocol/service/reader.ts';
import { ServiceRig, tokenFor } from '../rig.ts';
import type { Peer } from './peer.ts';
import { Placeholders } from './placeholders.ts';
import { RecordedClient } from './recorded-client.ts';
import { PieceJoiner, RecordedServer } from './recorded-server.ts';
import { whole, type ClientEvent, type ServerEvent, type Transcript } from './transcript.ts';

type Event = ServerEvent | ClientEvent;

/**
 * Plays a transcript to a service: app servers and clients send what they sent, byte for byte but for ids, and in the same order. What they get has to
 * be what they got.
 */
export class Player {
  readonly #transcript: Transcript;
  readonly #rig: ServiceRig;
  readonly #placeholders = new Placeholders();
  readonly #servers = new Map<string, RecordedServer>();
  readonly #clients = new Map<string, RecordedClient>();
  readonly #tokens = new Map<string, string>();
  /** Joins the pieces that were recorded, as they are joined that come. */
  readonly #joiners = new Map<string, PieceJoiner>();
  /** Who did something last. */
  #active: Peer | undefined;

  private constructor(transcript: Transcript, rig: ServiceRig) {
    this.#transcript = transcript;
    this.#rig = rig;
    this.#placeholders.learn(transcript.service.instanceId, rig.service.instanceId);
  }

  static async play(transcript: Transcript): Promise<void> {
    const rig = await ServiceRig.start(transcript.options);
    const player = new Player(transcript, rig);
    try {
      for (const { what, events } of transcript.steps) {
        for (const event of events) await player.#play(event, `${what} ${JSON.stringify(event).slice(0, 500)}`);
      }
      await player.#checkNothingMore();
    } finally {
      for (const peer of player.#peers) peer.cut();
      await rig.close();
    }
  }

  get #peers(): readonly Peer[] {
    return [...this.#servers.values(), ...this.#clients.values()];
  }

  async #play(event: Event, label: string): Promise<void> {
    if ('negotiates' in event) return this.#negotiate(event, label);
    if ('dials' in event) return 'server' in event ? this.#dialServer(event) : this.#dialClient(event);
    if ('gets' in event) return 'server' in event ? this.#expectMessage(event, label) : this.#expectFrame(event, label);
    const peer = this.#peer(event);
    if ('closed' in event) return expect(await peer.closed(), label).toBe(event.closed);
    await this.#turnTo(peer);
    if ('closes' in event) return peer.close(event.closes);
    peer.send(this.#bytes(whole(event.sends)), 'server' in event || event.binary === true);
  }

  async #negotiate(event: Extract<Event, { readonly negotiates: string }>, label: string): Promise<void> {
    const { client, negotiates, headers, claims } = event;
    const token = await this.#token('client', claims);
    this.#tokens.set(client, token);
    const response = await fetch(`${this.#rig.url}/client/negotiate${negotiates}`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    expect(response.status, label).toBe(200);
    const answer = (await response.json()) as { readonly connectionId: string; readonly connectionToken: string };
    const placeholders = this.#transcript.clients[client] as Transcript['clients'][string];
    this.#placeholders.learn(placeholders.id, answer.connectionId);
    this.#placeholders.learn(placeholders.token, answer.connectionToken);
    expect(JSON.parse(this.#placeholders.recorded(JSON.stringify(answer))), label).toEqual(event.answer);
  }

  async #dialServer({ server, dials, headers, serverId, claims }: Extract<ServerEvent, { readonly dials: string }>): Promise<void> {
    const authorization = `Bearer ${await this.#token('server', claims)}`;
    const options = { headers: { ...headers, 'x-asrs-server-id': serverId, authorization } };
    const peer = new RecordedServer(server, `${this.#address('server')}${this.#placeholders.live(dials)}`, options, this.#placeholders);
    this.#servers.set(server, peer);
    await this.#turnTo(peer);
    await peer.opened();
  }

  async #dialClient({ client, dials, headers }: Extract<ClientEvent, { readonly dials: string }>): Promise<void> {
    const options = { headers: { ...headers, authorization: `Bearer ${this.#tokens.get(client)}` } };
    const peer = new RecordedClient(client, `${this.#address('client')}${this.#placeholders.live(dials)}`, options, this.#placeholders);
    this.#clients.set(client, peer);
    await this.#turnTo(peer);
    await peer.opened();
  }

  async #expectMessage({ server, gets }: Extract<ServerEvent, { readonly gets: unknown }>, label: string): Promise<void> {
    const joiner = this.#joiners.get(server) ?? new PieceJoiner();
    this.#joiners.set(server, joiner);
    const recorded = joiner.join(messageOf(Buffer.from(whole(gets), 'latin1')));
    if (recorded === undefined) return;
    const live = await (this.#servers.get(server) as RecordedServer).take(recorded);
    expect(comparable(live), label).toEqual(comparable(recorded));
  }

  async #expectFrame({ client, gets, binary = false }: Extract<ClientEvent, { readonly gets: unknown }>, label: string): Promise<void> {
    const recorded = whole(gets);
    const live = await (this.#clients.get(client) as RecordedClient).take(recorded.length);
    expect(live, label).toEqual({ text: recorded, binary });
  }

  /** Nothing is left that was not recorded. */
  async #checkNothingMore(): Promise<void> {
    for (const peer of this.#peers) await peer.settle();
    for (const { name, rest } of this.#servers.values()) expect(rest, `came to ${name}, and was not recorded`).toEqual([]);
    for (const { name, rest } of this.#clients.values()) expect(rest, `came to ${name}, and was not recorded`).toBe('');
  }

  /** What sockets do at once comes in any order: the service has to have taken what the one sent before another one sends. */
  async #turnTo(peer: Peer): Promise<void> {
    const before = this.#active;
    this.#active = peer;
    if (before !== peer) await before?.settle();
  }

  #peer(event: Event): Peer {
    return ('server' in event ? this.#servers.get(event.server) : this.#clients.get(event.client)) as Peer;
  }

  #bytes(recorded: string): Buffer {
    return Buffer.from(this.#placeholders.live(recorded), 'latin1');
  }

  #token(door: 'client' | 'server', claims: Extract<Event, { readonly claims: unknown }>['claims']): Promise<string> {
    return tokenFor(door, this.#transcript.hub, claims, { audience: claims.aud as string });
  }

  #address(door: 'client' | 'server'): string {
    return `ws://127.0.0.1:${this.#rig.port}/${door}/`;
  }
}

function messageOf(bytes: Buffer): ServiceMessage {
  let message: ServiceMessage | undefined;
  parseServiceMessages(bytes, 0, 0, (read) => {
    if (read.type !== 'malformed' && read.type !== 'unknown') message = read;
    return true;
  });
  if (message === undefined) throw new Error(`No message was recorded: ${bytes.toString('latin1')}`);
  return message;
}

/** Claims that are times, and headers of the socket rather than of the client. */
const TIME = /^(?:nbf|exp|iat)$/;
const SOCKET_HEADER = /^(?:host|connection|upgrade|sec-websocket-.*|authorization)$/i;
const TIMESTAMP = /^\d+(?=:)/;

/** A message without what is another one each time: the times and the socket of a client that is opened, and the timestamp of a list of servers. */
function comparable(message: ServiceMessage): ServiceMessage {
  if (message.type === 'ping') return { ...message, entries: message.entries.map((entry) => entry?.replace(TIMESTAMP, '0') ?? null) };
  if (message.type !== 'openConnection') return message;
  const claims = message.claims.filter(([type]) => !TIME.test(type));
  const headers = new Map([...message.headers].filter(([name]) => !SOCKET_HEADER.test(name)));
  return { ...message, claims, headers };
}
