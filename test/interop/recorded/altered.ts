import type { Session, SessionEvent } from './session.ts';

/** What no server sends. */
const STATUS = [599];
const MESSAGES = [['altered']];
const PING = 'ApEG';

/** The session with one thing changed that the server said: its first hub message that is no ping; where it has none, a status. */
export function altered(session: Session): Session {
  const { events } = session;
  const first = events.findIndex(isMessage);
  const chosen = first < 0 ? events.findIndex((event) => event.kind === 'http-response') : first;
  const event = events[chosen];
  if (event?.at !== 'server') throw new Error(`The server says nothing in '${session.name}'.`);
  const change = first < 0 ? { status: STATUS } : { messages: MESSAGES, fill: undefined };
  const [start, ...rest] = events.with(chosen, { ...event, ...change });
  return { ...session, events: start === undefined ? events : [start, ...rest] };
}

/** Whether the event brings more than the answer to the handshake or a ping. */
function isMessage(event: SessionEvent): boolean {
  if (event.at !== 'server' || !('messages' in event || 'base64' in event || 'text' in event)) return false;
  return event.messages !== undefined || (event.base64 !== undefined && event.base64 !== PING) || /"type":[^6]/.test(event.text ?? '');
}
