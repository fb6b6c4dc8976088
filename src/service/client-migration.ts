import type { Payload } from '../base/payload.ts';
import { ReceiveBuffer } from '../base/receive-buffer.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { MessageType } from '../protocol/hub/message.ts';
import type { RecordHead } from '../protocol/hub/record-head.ts';
import type { ServiceSettings } from './options.ts';
import { recordEnds, type RecordEnds } from './record-ends.ts';
import { RecordReader } from './record-reader.ts';
import type { RelayedProtocol } from './relayed-protocol.ts';
import { RunningCalls } from './running-calls.ts';
import type { ServerLink } from './server-link.ts';
import { WaitingMessages } from './waiting-messages.ts';

const NOTHING = Buffer.alloc(0);

/** A client, as what moves it sees it. */
export interface MovableClient {
  /** Whether its app server has let it in, and not told it to go. */
  readonly admitted: boolean;
  /** Whether its app server waits for a client result of it, or has one to pass on. */
  readonly owes: boolean;
  /** It has sent its app server a completion, which may be a client result. */
  answering(invocationId: string): void;
  /** Where it could go; undefined where it has to stay. */
  destination(): ServerLink | undefined;
  /** Sends bytes of it to its app server. */
  send(bytes: Buffer, partial: boolean): void;
  /** Sends bytes to it. */
  write(payload: Payload): void;
  /** Stops reading it. */
  hold(): void;
  /** Goes on reading it, if its app server takes what comes. May bring bytes of it at once. */
  read(): void;
  /** Takes it from its app server to another one, whose first bytes of it are its handshake request. */
  moveTo(link: ServerLink, request: Buffer): void;
  /** Where it is. */
  readonly link: ServerLink | undefined;
  /** Calls were not ended by the app server that it had. */
  callsLost(calls: number, serverId: string): void;
}

export interface MigrationParts {
  readonly relayed: RelayedProtocol;
  /** Of what the client sends. */
  readonly ends: RecordEnds;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
}

/**
 * Moves one client from an app server that leaves to another one, so that it notices nothing: made for each client of an app server that
 * allows it, to know which calls run there. When it is to move, what it sends goes two ways: what is about calls that run goes on to the app server
 * that leaves, and new calls wait. When the last one that ran has ended, the client is cut off between two messages, and the new app server gets
 * what waits.
 */
export class ClientMigration {
  readonly #client: MovableClient;
  readonly #parts: MigrationParts;
  readonly #request: string;
  readonly #calls: RunningCalls;
  /** Of what the client sends, and of what is sent to it. */
  readonly #out: RecordReader;
  readonly #back: RecordReader;
  #waiting: WaitingMessages | undefined;
  /** Where the message goes that has come in part; undefined where there is none, or what it is cannot be told yet. */
  #way: 'on' | 'waits' | undefined;
  /** What has come of a message of which cannot be told yet what it is. */
  #undecided: ReceiveBuffer | undefined;
  #undecidedBytes = 0;
  #patience: Timer | undefined;
  /** Its calls have had their time. */
  #late = false;

  /** @param request - the client's handshake request, as it came */
  constructor(client: MovableClient, parts: MigrationParts, request: Buffer) {
    const { relayed, ends, settings } = parts;
    this.#client = client;
    this.#parts = parts;
    // A small buffer would keep a page of others with it.
    this.#request = request.toString('latin1');
    this.#calls = new RunningCalls(settings.maximumAwaitedCalls);
    this.#out = new RecordReader(relayed, ends);
    this.#back = new RecordReader(relayed, recordEnds(relayed.framing, { bills: false }));
  }

  /** Bytes of the client: they go to its app server from here. */
  received(chunk: Buffer): void {
    if (this.#waiting !== undefined) return this.#sort(chunk, this.#waiting);
    let end = 0;
    for (let next = this.#out.next(chunk, 0); next !== -1; next = this.#out.next(chunk, end)) {
      end = next;
      this.#sent(this.#out.head);
    }
    this.#client.send(chunk.subarray(0, end), false);
    this.#client.send(chunk.subarray(end), true);
  }

  /** Bytes of the app server that the client has got. */
  relayed(payload: Buffer): void {
    const back = this.#back;
    for (let at = 0; at !== -1; at = back.next(payload, at, this.#calls.size > 0)) {
      if (at > 0 && back.head !== undefined) this.#calls.came(back.head);
    }
    this.look();
  }

  /** The app server leaves: the client moves as soon as it can. It stays where there is no other one. */
  begin(): void {
    if (this.#waiting !== undefined || this.#client.destination() === undefined) return;
    this.#waiting = new WaitingMessages();
    this.#way = this.#out.ends.whole ? undefined : 'on';
    this.#late = false;
    this.#patience = new Timer(() => this.#hurry());
    this.#parts.wheel.arm(this.#patience, this.#parts.settings.migrationTimeout);
    this.look();
  }

  /** Something that the move waited for has come about. */
  look(): void {
    if (this.#waiting === undefined || !this.#client.admitted || this.#way === 'on' || !this.#back.ends.whole) return;
    if (this.#late || (this.#calls.size === 0 && !this.#client.owes)) this.#move(this.#waiting);
  }

  /** The client goes, or nobody is there to take it: its app server gets all that waits. */
  stay(): void {
    if (this.#waiting !== undefined) this.#end(this.#waiting);
  }

  /** Nothing more is to be done. */
  stop(): void {
    this.#waiting = undefined;
    if (this.#patience) this.#parts.wheel.cancel(this.#patience);
  }

  #hurry(): void {
    this.#late = true;
    this.look();
  }

  #move(waiting: WaitingMessages): void {
    const link = this.#client.destination();
    if (link !== undefined) {
      const from = this.#client.link?.traits.serverId ?? '';
      const unanswered = this.#calls.giveUp();
      this.#client.moveTo(link, Buffer.from(this.#request, 'latin1'));
      for (const invocationId of unanswered) this.#client.write(this.#parts.relayed.protocol.write(gone(invocationId)));
      if (unanswered.length > 0) this.#client.callsLost(unanswered.length, from);
    }
    this.#end(waiting);
  }

  #end(waiting: WaitingMessages): void {
    this.stop();
    for (const { bytes, head, partial } of waiting.take()) {
      this.#sent(head);
      this.#client.send(bytes, partial);
    }
    const begun = this.#takeUndecided();
    if (begun !== undefined) this.#client.send(begun, true);
    this.#way = undefined;
    this.#client.read();
  }

  /** The app server gets a message of the client. */
  #sent(head: RecordHead | undefined): void {
    if (head === undefined) return;
    this.#calls.sent(head);
    if (head.type === MessageType.completion && head.invocationId !== undefined) this.#client.answering(head.invocationId);
  }

  /** Sends on what is about calls that run, and lets all else wait. */
  #sort(chunk: Buffer, waiting: WaitingMessages): void {
    let start = 0;
    for (let end = this.#out.next(chunk, 0); end !== -1; end = this.#out.next(chunk, start)) {
      this.#sortPiece(chunk.subarray(start, end), waiting, false);
      start = end;
    }
    if (start < chunk.length) this.#sortPiece(chunk.subarray(start), waiting, true);
    if (waiting.bytes + this.#undecidedBytes > this.#parts.settings.maximumMigrationBytes) this.#client.hold();
    this.look();
  }

  #sortPiece(piece: Buffer, waiting: WaitingMessages, partial: boolean): void {
    const head = partial ? undefined : this.#out.head;
    if (partial && this.#way === undefined) {
      if (this.#undecided === undefined) this.#undecided = new ReceiveBuffer(piece);
      else this.#undecided.join(piece);
      this.#undecidedBytes += piece.length;
      // A call, most likely: all else is short, or says what it is at its beginning.
      if (this.#undecidedBytes > this.#parts.settings.maximumMigrationBytes) this.#decide('waits', waiting);
      return;
    }
    if (this.#way === undefined) this.#decide(waiting.belongs(head) ? 'waits' : 'on', waiting);
    if (this.#way === 'waits') waiting.add(piece, head, partial);
    else {
      this.#sent(head);
      this.#client.send(piece, partial);
    }
    if (!partial) this.#way = undefined;
  }

  #decide(way: 'on' | 'waits', waiting: WaitingMessages): void {
    this.#way = way;
    const begun = this.#takeUndecided();
    if (begun === undefined) return;
    if (way === 'on') this.#client.send(begun, true);
    else waiting.add(begun, undefined, true);
  }

  #takeUndecided(): Buffer | undefined {
    const bytes = this.#undecided?.join(NOTHING);
    this.#undecided = undefined;
    this.#undecidedBytes = 0;
    return bytes;
  }
}

const gone = (invocationId: string) =>
  ({
    type: MessageType.completion,
    invocationId,
    hasResult: false,
    error: 'The app server left before it answered.',
  }) as const;
