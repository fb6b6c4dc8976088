import { cpuTimeOfAll, type CpuTime } from './process-usage.ts';
import type { Tally } from './tally.ts';

interface Sample {
  readonly at: number;
  readonly messages: number;
  readonly carriers: number;
  readonly server: CpuTime | undefined;
  readonly beside: CpuTime | undefined;
  readonly generator: CpuTime;
}

/** The processes whose time is read. */
export interface Watched {
  readonly servers: readonly number[];
  readonly beside: readonly number[];
}

/** What a measured window saw. */
export interface WindowReading {
  readonly seconds: number;
  readonly messages: number;
  readonly carriers: number;
  readonly server?: CpuTime;
  readonly beside?: CpuTime;
  readonly generator: CpuTime;
}

/** The measured window of a run. All is read at the same moments, in this process, so that time and messages belong together. */
export class Window {
  readonly #tally: Tally;
  readonly #watched: Watched;
  readonly #begin: Sample;

  /** Begins it. */
  constructor(tally: Tally, watched: Watched) {
    this.#tally = tally;
    this.#watched = watched;
    tally.latency.clear();
    this.#begin = this.#sample();
  }

  /** Ends it. */
  end(): WindowReading {
    const begin = this.#begin;
    const end = this.#sample();
    const server = begin.server && end.server && difference(begin.server, end.server);
    const beside = begin.beside && end.beside && difference(begin.beside, end.beside);
    return {
      seconds: (end.at - begin.at) / 1000,
      messages: end.messages - begin.messages,
      carriers: end.carriers - begin.carriers,
      ...(server && { server }),
      ...(beside && { beside }),
      generator: difference(begin.generator, end.generator),
    };
  }

  #sample(): Sample {
    const { messages, carriers } = this.#tally;
    const server = cpuTimeOfAll(this.#watched.servers);
    const beside = cpuTimeOfAll(this.#watched.beside);
    return { at: performance.now(), messages, carriers, server, beside, generator: process.cpuUsage() };
  }
}

const difference = (begin: CpuTime, end: CpuTime): CpuTime => ({ user: end.user - begin.user, system: end.system - begin.system });
