import type { EventStream } from './event-stream.ts';
import type { Poller } from './poller.ts';
import { type Answer, Requests } from './requests.ts';
import type { Socket } from './socket.ts';

/** A request, by what is going to answer it. */
export type Exchange =
  | { readonly kind: 'plain'; answer: Answer | undefined }
  | { readonly kind: 'poll'; readonly poller: Poller; readonly again: () => void }
  | { readonly kind: 'stream'; readonly stream: EventStream }
  | { readonly kind: 'socket'; readonly socket: Socket };

/** One TCP connection of a recorded client, and what it is used for. */
export class Tcp {
  readonly requests = new Requests();
  /** Requests whose answers the session has not come to yet. */
  readonly open: Exchange[] = [];
  stream: EventStream | undefined;
  socket: Socket | undefined;

  cut(): void {
    this.open.length = 0;
    this.socket?.cut();
    this.requests.cut();
  }
}
