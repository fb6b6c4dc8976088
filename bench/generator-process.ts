import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadReport, Stage, Work } from './load/plan.ts';
import type { FromGenerator, ToGenerator } from './load/process.ts';

const program = fileURLToPath(new URL('load/process.js', import.meta.url));

/**
 * Runs a plan in load generators, each a process of its own that has its share of the connections. They leave each stage together.
 *
 * @param atStage - called when all have reached a stage; they go on when it resolves
 * @param timeout - milliseconds after which they are ended
 * @returns a report of each
 */
export async function generateLoad(
  plan: LoadPlan,
  generators: number,
  atStage: (stage: Stage) => Promise<void>,
  timeout: number,
): Promise<readonly LoadReport[]> {
  const children = Array.from({ length: generators }, () => fork(program, [], { execArgv: [] }));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${Math.round(timeout / 1000)} s`)), timeout);
  });
  try {
    const stages = new SharedStages(children, atStage);
    const reports = children.map((child, generator) => reportOf(child, { ...plan, ...shareOf(plan, generator, generators) }, stages));
    return await Promise.race([Promise.all(reports), late]);
  } finally {
    clearTimeout(timer);
    for (const child of children) child.kill('SIGKILL');
  }
}

/** One generator's part of the connections and of a rate. */
export function shareOf(plan: LoadPlan, generator: number, generators: number): Pick<LoadPlan, 'connections' | 'work' | 'generator'> {
  const before = Math.trunc((plan.connections * generator) / generators);
  const connections = Math.trunc((plan.connections * (generator + 1)) / generators) - before;
  return { connections, generator, work: workShare(plan.work, generators) };
}

function workShare(work: Work, generators: number): Work {
  return work.kind === 'echo' && work.perSecond !== undefined ? { ...work, perSecond: work.perSecond / generators } : work;
}

/** Lets all generators leave a stage when the last one has reached it. */
class SharedStages {
  readonly #children: readonly ChildProcess[];
  readonly #atStage: (stage: Stage) => Promise<void>;
  readonly #reached = new Map<Stage, number>();

  constructor(children: readonly ChildProcess[], atStage: (stage: Stage) => Promise<void>) {
    this.#children = children;
    this.#atStage = atStage;
  }

  async reached(stage: Stage): Promise<void> {
    const count = (this.#reached.get(stage) ?? 0) + 1;
    this.#reached.set(stage, count);
    if (count < this.#children.length) return;
    await this.#atStage(stage);
    for (const child of this.#children) child.send({ leave: stage } satisfies ToGenerator);
  }
}

function reportOf(child: ChildProcess, plan: LoadPlan, stages: SharedStages): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`a load generator ended with ${signal ?? code}`)));
    child.on('message', (message: FromGenerator) => {
      if ('stage' in message) stages.reached(message.stage).catch(reject);
      else if ('report' in message) resolve(message.report);
      else reject(new Error(message.error));
    });
    child.send({ plan } satisfies ToGenerator);
  });
}
