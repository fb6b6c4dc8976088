import { findRecord } from '../base/messagepack/length-prefix.ts';
import type { HubNames } from '../metering/name-counts.ts';
import { readJsonTarget, readMessagePackTarget } from '../protocol/hub/record-target.ts';
import type { MeteredPayload } from './metered-payload.ts';
import { recordEnds, type RecordEnds, type RecordListener } from './record-ends.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** What messages are counted under that come in pieces: nobody keeps them to look for their target. */
const IN_PIECES = '(in pieces)';
/** And those that call nothing: results, stream items and their like. */
const NO_CALL = '(no call)';
const NO_USER = '(no user)';

/** Billed messages of one client, by what they are about. Made where somebody wants to know. */
export class ClientNames implements RecordListener {
  readonly #names: HubNames;
  readonly #framing: RecordFraming | undefined;
  readonly #user: string;
  /** Of what is sent to this client alone. */
  readonly #back: RecordEnds;

  constructor(names: HubNames, framing: RecordFraming | undefined, userId: string | undefined) {
    this.#names = names;
    this.#framing = framing;
    this.#user = userId ?? NO_USER;
    this.#back = recordEnds(framing, { listener: this });
  }

  /** A message of the client, or one for it alone. */
  billed(units: number, bytes: Buffer | undefined, start: number, end: number): void {
    const { methods, users } = this.#names;
    users?.add(this.#user, units);
    methods?.add(bytes === undefined ? IN_PIECES : targetOf(bytes, this.#framing, start, end), units);
  }

  /** Bytes were sent to it alone. */
  sent(bytes: Buffer): void {
    this.#back.take(bytes);
  }

  /** It got what others get, too. */
  shared(payload: MeteredPayload): void {
    const { methods, users, groups } = this.#names;
    users?.add(this.#user, payload.billed);
    if (payload.group !== undefined) groups?.add(payload.group, payload.billed);
    if (methods === undefined) return;
    for (const [method, units] of targetsOf(payload)) methods.add(method, units);
  }
}

/** What goes to many is looked into once. */
const known = new WeakMap<MeteredPayload, ReadonlyMap<string, number>>();

function targetsOf(payload: MeteredPayload): ReadonlyMap<string, number> {
  const found = known.get(payload);
  if (found !== undefined) return found;
  const targets = new Map<string, number>();
  const { framing } = payload;
  const listener: RecordListener = {
    billed(units, bytes, start, end) {
      const target = bytes === undefined ? IN_PIECES : targetOf(bytes, framing, start, end);
      targets.set(target, (targets.get(target) ?? 0) + units);
    },
  };
  recordEnds(framing, { listener }).take(payload.bytes);
  known.set(payload, targets);
  return targets;
}

const span = { start: 0, end: 0 };

function targetOf(bytes: Buffer, framing: RecordFraming | undefined, start: number, end: number): string {
  if (framing === 'separator') return readJsonTarget(bytes, start, end - 1) ?? NO_CALL;
  if (framing === undefined) return NO_CALL;
  findRecord(bytes, start, 0, span);
  return readMessagePackTarget(bytes, span.start, end) ?? NO_CALL;
}
