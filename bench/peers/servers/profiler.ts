import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import type { Commands } from './control.ts';

/** Bytes between two samples of allocations, on average. */
const SAMPLING_INTERVAL = 16_384;

/** `profile cpu` or `profile allocations` begins a profile, `save <file>` ends it and writes it as V8's own JSON. */
export function profilerCommands(): Commands {
  const session = new Session();
  let save: (() => Promise<unknown>) | undefined;
  return {
    async profile(kind) {
      session.connect();
      save = await (kind === 'cpu' ? startCpu(session) : startAllocations(session));
    },
    async save(file) {
      await writeFile(file, JSON.stringify(await save?.()));
      session.disconnect();
    },
  };
}

async function startCpu(session: Session): Promise<() => Promise<unknown>> {
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return async () => (await session.post('Profiler.stop')).profile;
}

async function startAllocations(session: Session): Promise<() => Promise<unknown>> {
  // What was collected meanwhile counts too: it is garbage that costs.
  const all = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  await session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLING_INTERVAL, ...all });
  return async () => (await session.post('HeapProfiler.stopSampling')).profile;
}
