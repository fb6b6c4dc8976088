import type { LoadPlan, LoadReport, Stage } from './plan.ts';
import { runLoad } from './run.ts';

/** What a load generator's process is told: its plan, and that a stage may be left. */
export type ToGenerator = { readonly plan: LoadPlan } | { readonly leave: Stage };

/** What it tells: that it has reached a stage, and at the end its report or why there is none. */
export type FromGenerator = { readonly stage: Stage } | { readonly report: LoadReport } | { readonly error: string };

/** Resolves when the process that started this one lets it leave a stage. */
class Stages {
  readonly #waiting = new Map<Stage, () => void>();

  reach(stage: Stage): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(stage, resolve);
      tell({ stage });
    });
  }

  leave(stage: Stage): void {
    this.#waiting.get(stage)?.();
    this.#waiting.delete(stage);
  }
}

function tell(message: FromGenerator): void {
  process.send?.(message);
}

async function carryOut(plan: LoadPlan, stages: Stages): Promise<void> {
  try {
    tell({ report: await runLoad(plan, (stage) => stages.reach(stage)) });
  } catch (error) {
    tell({ error: error instanceof Error ? error.message : String(error) });
  }
}

const stages = new Stages();
process.on('message', (message: ToGenerator) => {
  if ('plan' in message) void carryOut(message.plan, stages);
  else stages.leave(message.leave);
});
// Without the process that started it nobody hears of what it finds.
process.once('disconnect', () => process.exit());
