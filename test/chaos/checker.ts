/** A message that a publisher sent, and what it was told of it. */
export interface Sent {
  /** A server's process: one that was started again is another publisher. */
  readonly publisher: string;
  /** The row that it is numbered in. */
  readonly audience: number;
  readonly number: number;
  /** When it was sent, in milliseconds. */
  readonly from: number;
  /** When its promise settled; undefined if it never did. */
  readonly until?: number | undefined;
  /** `taken`: resolved; `refused`: rejected; `unsettled`: nobody was told anything; `orphaned`: its publisher was killed before. */
  readonly outcome: 'taken' | 'refused' | 'unsettled' | 'orphaned';
  /** The code of the error, where it was refused. */
  readonly code?: string;
  /** The clients that have to get it. */
  readonly owed: readonly string[];
  /** Those of them that are at the publisher's own server. */
  readonly near: readonly string[];
}

/** A message at a client. */
export interface Received {
  readonly client: string;
  readonly publisher: string;
  readonly audience: number;
  readonly number: number;
  readonly at: number;
}

/** A time in which a client had no connection: what it misses is its own. */
export interface Absence {
  readonly client: string;
  readonly from: number;
  /** Infinity while it is not back. */
  readonly until: number;
}

/** A server said that something is missing, or that another server is. */
export interface Report {
  /**
   * `gaveUp`: messages of this publisher; `missed`: what clients of this server should have; `silent`: others hear nothing of this publisher any more;
   * `heard`: they do again.
   */
  readonly what: 'gaveUp' | 'missed' | 'silent' | 'heard';
  readonly publisher: string;
  /** Who was at the server that may have missed something; for `silent`, who was there when its process ended. */
  readonly clients: readonly string[];
  /** When that was, if it did end. */
  readonly ended?: number | undefined;
  readonly at: number;
}

export interface Evidence {
  readonly sent: readonly Sent[];
  /** In the order of each client. */
  readonly received: readonly Received[];
  readonly absences: readonly Absence[];
  readonly reports: readonly Report[];
  /** When the fault began, and when its cause was gone. */
  readonly broken: number;
  readonly healed: number;
}

export interface Verdict {
  readonly sent: number;
  /** Messages that were taken, and that all who were there have. */
  readonly kept: number;
  /** Messages that were not refused, and that somebody who was there lacks. */
  readonly lost: readonly Sent[];
  /** The deliveries that lost messages lack. */
  readonly lostDeliveries: number;
  /**
   * Lost messages whose publisher did not say that it gave some up, nor others that they hear nothing of it any more, while somebody lacks them whose server did
   * not say that it missed some, nor others that they hear nothing of that one.
   */
  readonly silent: number;
  /** Messages whose sends were rejected, by code. */
  readonly refused: ReadonlyMap<string, number>;
  /** Messages whose publisher was killed before it knew of them, and that somebody lacks. */
  readonly orphaned: number;
  /** Deliveries that clients missed because they were away. */
  readonly missedAway: number;
  /** Deliveries beyond the first. */
  readonly doubled: number;
  /** Deliveries after one of a higher number in the same row. */
  readonly disordered: number;
  /** Deliveries to whom they were not for. */
  readonly misdirected: number;
  /** Of the deliveries that a server owed to its own clients during the fault, the share that came within `PROMPT`. */
  readonly nearServed: number | undefined;
  /** Milliseconds from the end of the cause until what was late had come, and what was sent from then on was taken, promptly, by everyone; Infinity if that never was. */
  readonly wholeAfter: number;
}

/** Milliseconds within which a message is where it should be when all is well, on a busy machine. */
export const PROMPT = 1_000;
/** What leaves a server just before it ends may be still on its way to a client that is leaving with it. */
const LEAVING = 250;

const keyOf = ({ publisher, audience, number }: Pick<Sent, 'publisher' | 'audience' | 'number'>): string =>
  `${publisher} ${audience} ${number}`;

/** Compares what publishers were told with what clients got. */
export function check(evidence: Evidence): Verdict {
  const rows = new Arrivals(evidence.received);
  const away = new Absences(evidence.absences);
  const refused = new Map<string, number>();
  const lost: Sent[] = [];
  let [kept, orphaned, silent, lostDeliveries, missedAway] = [0, 0, 0, 0, 0];
  for (const message of evidence.sent) {
    const missing = message.owed.filter((client) => rows.first(message, client) === undefined);
    const missed = missing.filter((client) => !away.excuse(client, message));
    if (message.outcome !== 'refused') missedAway += missing.length - missed.length;
    if (message.outcome === 'refused') refused.set(message.code ?? 'no code', (refused.get(message.code ?? 'no code') ?? 0) + 1);
    else if (missed.length === 0) kept++;
    else if (message.outcome === 'orphaned') orphaned++;
    else {
      lost.push(message);
      if (!isReported(message, missed, evidence.reports)) silent++;
      lostDeliveries += missed.length;
    }
  }
  return {
    sent: evidence.sent.length,
    kept,
    lost,
    lostDeliveries,
    silent,
    refused,
    orphaned,
    missedAway,
    doubled: rows.doubled,
    disordered: rows.disordered,
    misdirected: misdirected(evidence, away),
    nearServed: nearServed(evidence, rows, away),
    wholeAfter: wholeAfter(evidence, rows, away, lost),
  };
}

/** What came where, and when first. */
class Arrivals {
  doubled = 0;
  disordered = 0;
  readonly #first = new Map<string, number>();

  constructor(received: readonly Received[]) {
    const highest = new Map<string, number>();
    for (const one of received) {
      const key = `${keyOf(one)} ${one.client}`;
      if (this.#first.has(key)) {
        this.doubled++;
        continue;
      }
      this.#first.set(key, one.at);
      const row = `${one.publisher} ${one.audience} ${one.client}`;
      const before = highest.get(row) ?? 0;
      if (one.number < before) this.disordered++;
      else highest.set(row, one.number);
    }
  }

  first(message: Sent, client: string): number | undefined {
    return this.#first.get(`${keyOf(message)} ${client}`);
  }
}

class Absences {
  readonly #byClient = new Map<string, Absence[]>();

  constructor(absences: readonly Absence[]) {
    for (const absence of absences) this.#byClient.set(absence.client, [...(this.#byClient.get(absence.client) ?? []), absence]);
  }

  has(client: string): boolean {
    return this.#byClient.has(client);
  }

  /** Whether a client was away at any time between the message's beginning and its end. */
  excuse(client: string, { from, until = from }: Pick<Sent, 'from' | 'until'>): boolean {
    return (this.#byClient.get(client) ?? []).some((absence) => until >= absence.from - LEAVING && from <= absence.until);
  }

  /** Whether a client has come back at that time or later. */
  endedSince(client: string, time: number): boolean {
    return (this.#byClient.get(client) ?? []).some(({ until }) => until >= time);
  }

  last(): number {
    return Math.max(0, ...[...this.#byClient.values()].flat().map(({ until }) => until));
  }
}

function isReported({ publisher, from }: Sent, missed: readonly string[], reports: readonly Report[]): boolean {
  const since = reports.filter(({ at }) => at >= from);
  return (
    since.some((report) => report.what === 'gaveUp' && report.publisher === publisher) ||
    isSilent(publisher, reports) ||
    missed.every(
      (client) =>
        since.some(({ what, clients }) => what === 'missed' && clients.includes(client)) ||
        reports.some((report) => wasAt(report, client, from) && isSilent(report.publisher, reports)),
    )
  );
}

/** Whether a client was at a server that was told to be silent, and had not ended yet. */
function wasAt({ what, clients, ended = 0 }: Report, client: string, time: number): boolean {
  return what === 'silent' && time <= ended && clients.includes(client);
}

/** Whether others said that it fell silent, and it was never heard again: one that is back has its outbox, and says itself what it lost. */
function isSilent(publisher: string, reports: readonly Report[]): boolean {
  const said = reports.filter((report) => report.publisher === publisher && (report.what === 'silent' || report.what === 'heard'));
  return said.at(-1)?.what === 'silent';
}

function misdirected({ sent, received }: Evidence, away: Absences): number {
  const messages = new Map(sent.map((message) => [keyOf(message), message]));
  return received.filter((one) => {
    const message = messages.get(keyOf(one));
    // A client that comes back has another id: what was sent before everybody knew it does not leave it out.
    return message === undefined || (!message.owed.includes(one.client) && !away.endedSince(one.client, message.from));
  }).length;
}

function nearServed({ sent, broken, healed }: Evidence, rows: Arrivals, away: Absences): number | undefined {
  let [owed, prompt] = [0, 0];
  for (const message of sent.filter(({ from }) => from >= broken && from <= healed)) {
    for (const client of message.near.filter((name) => !away.has(name))) {
      owed++;
      if ((rows.first(message, client) ?? Infinity) - message.from <= PROMPT) prompt++;
    }
  }
  return owed === 0 ? undefined : prompt / owed;
}

function wholeAfter({ sent, healed }: Evidence, rows: Arrivals, away: Absences, lost: readonly Sent[]): number {
  const refused = sent.filter(({ outcome }) => outcome === 'refused');
  const lastFailure = Math.max(0, ...[...lost, ...refused].map(({ from }) => from));
  const lastSent = Math.max(0, ...sent.map(({ from }) => from));
  if (lastFailure > healed && lastSent - lastFailure < PROMPT / 2) return Infinity;
  let last = Math.max(healed, away.last(), lastFailure);
  for (const message of sent) {
    const { from, until = from, outcome, owed } = message;
    if (outcome !== 'refused' && until - from > PROMPT) last = Math.max(last, until);
    for (const client of owed) {
      const at = rows.first(message, client);
      if (at !== undefined && at - from > PROMPT) last = Math.max(last, at);
    }
  }
  return last - healed;
}
