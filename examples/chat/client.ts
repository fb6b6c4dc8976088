import type { Message, Person, RoomSummary } from './rooms.ts';

/** What the server may call on a page. */
export interface ChatClient {
  rooms(rooms: readonly RoomSummary[]): void;
  /** To one who has just come in. An event, not the method's result, so that it has its place among the other events. */
  entered(room: string, nickname: string, history: readonly Message[]): void;
  people(people: readonly Person[]): void;
  arrived(nickname: string): void;
  left(nickname: string): void;
  message(message: Message): void;
  /** One more line of a message that its author is uploading. */
  line(messageId: string, text: string): void;
  note(note: Note): void;
  typing(nickname: string): void;
  counterStopped(at: number): void;
  voteEnded(by: string, cleared: boolean): void;
  /** How the servers stand, where there are several. */
  farm(farm: FarmView): void;
  /** A client result: the page asks its user and returns the answer. */
  confirm(question: Question): boolean;
}

/** The farm, as a page shows it. */
export interface FarmView {
  /** The server of the page. */
  readonly server: string;
  /** All that can be heard of, this one included. */
  readonly servers: readonly string[];
  readonly redis: 'connecting' | 'connected' | 'down';
}

/** A private message; only these two see it. */
export interface Note extends Message {
  readonly to: string;
}

export interface Question {
  readonly from: string;
  readonly text: string;
  readonly seconds: number;
}
