import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { shown } from './table.ts';

const GIGABYTE = 1024 ** 3;

/** What figures depend on, in one line. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / GIGABYTE)} GB`;
  return `${availableParallelism()} × ${model}, ${memory}, ${platform()} ${release()}, Node ${process.versions.node}`;
}

/** The load average of the last minute. */
export function describeLoad(): string {
  return `load average ${shown(loadavg()[0])}`;
}

/** Other work on the machine makes every figure worse, and not evenly. To be asked before there is load of our own. */
export function isBusy(): boolean {
  return (loadavg()[0] ?? 0) > availableParallelism() / 2;
}
