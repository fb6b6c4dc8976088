/** What names past a limit are counted under, those of hubs too. No hub can have the name. */
export const OTHER = '(other)';

/** The longest name that is told apart; of longer ones the beginning counts. */
const LONGEST = 128;

/** Billed messages by a name of any kind, of which there may be more than are told apart. */
export class NameCounts {
  readonly #counts = new Map<string, number>();
  readonly #maximum: number;

  /** @param maximum - names that are told apart; any more are counted as one */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  add(name: string, units: number): void {
    const short = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
    const known = this.#counts.get(short);
    if (known !== undefined) this.#counts.set(short, known + units);
    else if (this.#counts.size < this.#maximum) this.#counts.set(short, units);
    else this.#counts.set(OTHER, (this.#counts.get(OTHER) ?? 0) + units);
  }

  /** By name. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

/** Billed messages of one hub by what they are about, as far as that is counted. Each of the three adds up to part of the hub's messages. */
export interface HubNames {
  /** By the target of a call, in both directions. Results, stream items and the like are of no method. */
  readonly methods: NameCounts | undefined;
  /** By the user id of the client that sent or got them. */
  readonly users: NameCounts | undefined;
  /** By the group that they were sent to. */
  readonly groups: NameCounts | undefined;
}
