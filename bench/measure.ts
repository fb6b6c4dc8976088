import { generateLoad } from './generator-process.ts';
import type { LoadPlan, Stage } from './load/plan.ts';
import { measurementOf, type Measurement } from './measurement.ts';
import type { Command, System } from './peers/peer.ts';
import type { Scenario } from './scenario.ts';
import { FARM } from './scenarios.ts';
import type { ServerProcess } from './server-process.ts';
import { Servers } from './servers.ts';

export interface Timing {
  /** Milliseconds. */
  readonly warmUp: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly generators: number;
}

/** Beyond warm-up and measurement: connecting thousands, and settling. */
const GRACE = 90_000;
const SETTLING = 5000;

/** What may be done with the server at a stage of its measurement. */
export type AtServerStage = (stage: Stage, server: ServerProcess) => Promise<void>;

/** Starts a server, or a farm of them, has a scenario run on it, and ends it. Rejects when one of these fails. */
export async function measure(
  scenario: Scenario,
  system: System,
  command: Command,
  timing: Timing,
  atStage: AtServerStage = collectBeforeMemory(scenario),
): Promise<Measurement> {
  const servers = await Servers.start(command, scenario.farm === true ? FARM : 1, system.farm);
  try {
    const plan = planOf(scenario, system, servers, timing);
    const timeout = timing.warmUp + timing.duration + GRACE;
    return measurementOf(await generateLoad(plan, timing.generators, (stage) => atStage(stage, servers.first.server), timeout));
  } finally {
    await servers.stop();
  }
}

function planOf(
  { transport, connections, work }: Scenario,
  { dialect, numbered, farm }: System,
  { first, others, beside }: Servers,
  timing: Timing,
): LoadPlan {
  return {
    endpoint: first.endpoint,
    pid: first.server.pid,
    others: others.map(({ endpoint, server }) => ({ endpoint, pid: server.pid })),
    apart: others.length > 0 && farm === 'apart',
    ...(beside && { besidePid: beside.pid }),
    dialect,
    numbered,
    transport,
    connections,
    work,
    warmUp: timing.warmUp,
    duration: timing.duration,
    settling: SETTLING,
    generator: 0,
  };
}

/** Memory is compared without garbage: how much of that lies about depends on when a server last cleared it away. */
function collectBeforeMemory({ figure }: Scenario): AtServerStage {
  return async (stage, server) => {
    if (figure === 'memory' && (stage === 'connecting' || stage === 'measured')) await server.command('collect');
  };
}
