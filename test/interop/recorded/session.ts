import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What was sent: the fields are explained in the file itself. */
const payload = {
  text: z.string().optional(),
  base64: z.base64().optional(),
  messages: z.array(z.array(z.unknown())).optional(),
  fill: z.int().optional(),
  end: z.string().optional(),
  endBase64: z.base64().optional(),
};

const conn = z.int();
const ms = z.number().optional();
const headers = z.record(z.string(), z.string()).default({});

const request = z.strictObject({
  at: z.literal('client'),
  kind: z.literal('http-request'),
  conn,
  ms,
  method: z.string(),
  path: z.string(),
  upgrade: z.literal(true).optional(),
  headers,
  ...payload,
});

const response = z.strictObject({
  at: z.literal('server'),
  kind: z.literal('http-response'),
  conn,
  ms,
  status: z.union([z.int().transform((status) => [status]), z.array(z.int())]),
  headers,
  ...payload,
});

const frame = z.strictObject({
  at: z.enum(['client', 'server']),
  kind: z.literal('ws-frame'),
  conn,
  ms,
  opcode: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
  closeCode: z.int().optional(),
  fin: z.literal(false).optional(),
  ...payload,
});

const streamEvent = z.strictObject({ at: z.literal('server'), kind: z.literal('sse-event'), conn, ms, ...payload });
const streamComment = z.strictObject({ at: z.literal('server'), kind: z.literal('sse-comment'), conn, ms });
const streamEnd = z.strictObject({ at: z.literal('server'), kind: z.literal('sse-end'), conn, ms });
const tcpEnd = z.strictObject({ at: z.enum(['client', 'server']), kind: z.literal('tcp-end'), conn, ms });
const cut = z.strictObject({ at: z.literal('recorder'), kind: z.literal('cut'), conn, ms });
const question = z.strictObject({ at: z.literal('driver'), kind: z.literal('ask'), ms, path: z.string(), answer: z.string() });

const event = z.discriminatedUnion('kind', [request, response, frame, streamEvent, streamComment, streamEnd, tcpEnd, cut, question]);

const session = z.strictObject({ name: z.string(), protocol: z.enum(['json', 'messagepack']), events: z.array(event).nonempty() });

const file = z.object({
  about: z.object({ headers: z.record(z.string(), z.string()) }),
  sessions: z.array(session).nonempty(),
});

export type RequestEvent = z.infer<typeof request>;
export type ResponseEvent = z.infer<typeof response>;
export type FrameEvent = z.infer<typeof frame>;
export type QuestionEvent = z.infer<typeof question>;
export type SessionEvent = z.infer<typeof event>;
export type Session = z.infer<typeof session>;

/** What an event carries, before placeholders are filled in. */
export type Payload = Pick<RequestEvent, keyof typeof payload>;

export interface Recording {
  /** What every request of the client has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sessions: readonly Session[];
}

/** The sessions of a file in `test/vectors`. */
export function readRecording(name: string): Recording {
  return parseRecording(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));
}

/** @throws ZodError for anything that the player would not know how to play */
export function parseRecording(text: string): Recording {
  const { about, sessions } = file.parse(JSON.parse(text));
  return { headers: about.headers, sessions };
}
