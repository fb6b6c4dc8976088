import { audiencesOf, guests, type Audience } from './audiences.ts';
import type { Absence, Evidence, Received, Report, Sent } from './checker.ts';
import type { FromServer } from './messages.ts';

interface Entry {
  readonly from: number;
  until?: number;
  code?: string;
}

/** One process of a server: what it sent, row by row. */
class Publication {
  readonly server: number;
  /** Whether it was killed: what it had not settled by then, it can't settle any more. */
  killed = false;
  readonly rows: readonly Map<number, Entry>[];
  readonly audiences: readonly Audience[];

  constructor(server: number) {
    this.server = server;
    this.audiences = audiencesOf(server);
    this.rows = this.audiences.map(() => new Map());
  }
}

/** All that was sent and received, as it was told. */
export class Journal {
  readonly #publications = new Map<string, Publication>();
  readonly #received: Received[] = [];
  readonly #absences: { client: string; from: number; until: number }[] = [];
  readonly #reports: Report[] = [];
  /** When something was last added. */
  news = 0;

  open(publisher: string, server: number): void {
    this.#publications.set(publisher, new Publication(server));
  }

  killed(publisher: string): void {
    const publication = this.#publications.get(publisher);
    if (publication !== undefined) publication.killed = true;
  }

  told(publisher: string, message: FromServer, at: number): void {
    const publication = this.#publications.get(publisher);
    if (publication === undefined) return;
    if (message.kind === 'sending') {
      for (const [index, row] of publication.rows.entries()) {
        if (!message.without.includes(index)) row.set(message.number, { from: message.from });
      }
    } else if (message.kind === 'outcomes') {
      for (const [audience, number, until, code] of message.outcomes) {
        const entry = publication.rows[audience]?.get(number);
        if (entry !== undefined) Object.assign(entry, { until, ...(code !== undefined && { code }) });
      }
    } else return;
    this.news = at;
  }

  received(delivery: Received): void {
    this.#received.push(delivery);
    this.news = delivery.at;
  }

  reported(report: Report): void {
    this.#reports.push(report);
    this.news = report.at;
  }

  left(client: string, from: number): void {
    this.#absences.push({ client, from, until: Infinity });
  }

  back(client: string, until: number): void {
    const absence = this.#absences.findLast((one) => one.client === client);
    if (absence !== undefined) absence.until = until;
  }

  /** Whether every send of a process that lives has settled. */
  get settled(): boolean {
    return [...this.#publications.values()].every(
      ({ killed, rows }) => killed || rows.every((row) => [...row.values()].every(({ until }) => until !== undefined)),
    );
  }

  evidence(broken: number, healed: number): Evidence {
    const sent = [...this.#publications].flatMap(([name, publication]) => sentBy(name, publication));
    const absences: readonly Absence[] = this.#absences;
    return { sent, received: this.#received, absences, reports: this.#reports, broken, healed };
  }
}

function sentBy(publisher: string, { server, killed, rows, audiences }: Publication): readonly Sent[] {
  const own = new Set(guests.filter(({ home }) => home === server).map(({ name }) => name));
  return rows.flatMap((row, audience) => {
    const owed = audiences[audience]?.owed ?? [];
    const near = owed.filter((name) => own.has(name));
    return Array.from(row, ([number, entry]): Sent => ({
      publisher,
      audience,
      number,
      ...entry,
      outcome: outcomeOf(entry, killed),
      owed,
      near,
    }));
  });
}

function outcomeOf({ until, code }: Entry, killed: boolean): Sent['outcome'] {
  if (until === undefined) return killed ? 'orphaned' : 'unsettled';
  return code === undefined ? 'taken' : 'refused';
}
