import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { shown } from './table.ts';

const GIGABYTE = 1024 ** 3;

/** What figures depend on, in one line. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / GIGABYTE)} GB`;
  const machine = `${availableParallelism()} × ${model}, ${memory}, ${platform()} ${release()}`;
  return [machine, `Node ${process.versions.node}`, `ws ${versionOf('ws')}`, `Socket.IO ${versionOf('socket.io')}`, ...aspNetCore()].join(
    ', ',
  );
}

function versionOf(name: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

/** The newest version of the framework that Kestrel comes with, where there is one. */
function aspNetCore(): readonly string[] {
  const { error, stdout } = spawnSync('dotnet', ['--list-runtimes'], { encoding: 'utf8' });
  const versions = error === undefined ? [...stdout.matchAll(/^Microsoft\.AspNetCore\.App (\S+)/gm)] : [];
  const newest = versions.at(-1)?.[1];
  return newest === undefined ? [] : [`ASP.NET Core ${newest}`];
}

/** The load average of the last minute. */
export function describeLoad(): string {
  return `load average ${shown(loadavg()[0])}`;
}

/** Other work on the machine makes every figure worse, and not evenly. To be asked before there is load of our own. */
export function isBusy(): boolean {
  return (loadavg()[0] ?? 0) > availableParallelism() / 2;
}
