import { check, type Verdict } from './checker.ts';
import { now, pause, within } from './clock.ts';
import { Farm } from './farm.ts';
import type { Fault } from './fault.ts';
import type { Leftovers } from './leftovers.ts';

/** Milliseconds. */
interface Times {
  readonly outage: number;
  /** Load before the fault. */
  readonly before: number;
  /** Load after everything says that it is well again. */
  readonly after: number;
  /** Without any news, after which nothing more is expected. */
  readonly quiet: number;
}

const usual: Times = { outage: 4_000, before: 1_000, after: 2_500, quiet: 3_000 };
const quick: Times = { outage: 1_500, before: 500, after: 1_500, quiet: 1_500 };

/** Milliseconds to wait for servers and guests to be back, and afterwards for messages that are still on their way, and for reports of those that are not. */
const LONGEST_RECOVERY = 20_000;
const LONGEST_DELIVERY = 25_000;

/** What became of a farm in a fault. */
export interface Result {
  readonly fault: Fault;
  readonly outage: number;
  /** When the cause was gone, by the clock of the messages. */
  readonly healed: number;
  readonly verdict: Verdict;
  /** How often each event was told, `recovered` by what it said. */
  readonly told: ReadonlyMap<string, number>;
  /** Whether the servers were connected, and the guests there, in the end. */
  readonly whole: boolean;
  /** Processes that ended by themselves. */
  readonly crashes: readonly string[];
  /** Seconds that it took. */
  readonly took: number;
}

/** Has a farm of its own meet the fault under load. */
export async function runFault(fault: Fault, isQuick: boolean, leftovers: Leftovers): Promise<Result> {
  const started = now();
  const times = isQuick ? quick : usual;
  const outage = fault.outage ?? times.outage;
  const farm = await Farm.open({ redisArgs: fault.redisArgs ?? [], backplane: fault.backplane ?? {} }, leftovers);
  try {
    farm.load(true);
    await pause(times.before);
    const broken = now();
    await fault.strike(farm, outage);
    const healed = now();
    const whole = await within(LONGEST_RECOVERY, () => farm.connected && farm.complete);
    await pause(times.after);
    farm.load(false);
    const verdict = await deliver(farm, broken, healed, times.quiet);
    const { crashes } = farm;
    return { fault, outage, healed, verdict, told: countTold(farm), whole, crashes, took: (now() - started) / 1_000 };
  } finally {
    await farm.close();
  }
}

/** Waits until everything is where it should be, or nothing more comes. */
async function deliver(farm: Farm, broken: number, healed: number, longestQuiet: number): Promise<Verdict> {
  const end = now() + LONGEST_DELIVERY;
  for (;;) {
    await pause(250);
    const { journal } = farm;
    const verdict = check(journal.evidence(broken, healed));
    // That a server has fallen silent is known some time after it has.
    const quiet = now() - journal.news > longestQuiet && journal.settled && verdict.silent === 0;
    if (quiet || now() > end || (journal.settled && verdict.lost.length === 0 && farm.connected)) return verdict;
  }
}

function countTold({ told }: Farm): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { event, recovered, messages } of told) {
    const name = recovered === undefined ? event : `${event}: ${String(recovered)}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (messages !== undefined) counts.set('messages given up', (counts.get('messages given up') ?? 0) + messages);
  }
  return counts;
}
