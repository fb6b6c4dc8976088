import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Command } from './peer.ts';

const run = promisify(execFile);
const BUILD_TIMEOUT = 180_000;

/** Builds the .NET server if its sources are newer than the last build. A string says why there is none. */
export async function kestrelCommand(): Promise<Command | string> {
  const project = fileURLToPath(new URL('bench/peers/kestrel/', import.meta.resolve('signalbox/package.json')));
  if (!existsSync(project)) return `there is no ${project}`;
  const missing = await whyMissing();
  if (missing !== undefined) return missing;
  const program = join(project, 'bin/Release/net10.0/Kestrel.dll');
  const problem = modified(program) > newestSource(project) ? undefined : await build(project);
  return problem ?? { file: 'dotnet', args: [program] };
}

/** An SDK brings the frameworks of its own version only. */
async function whyMissing(): Promise<string | undefined> {
  try {
    const { stdout } = await run('dotnet', ['--list-sdks'], { timeout: BUILD_TIMEOUT });
    return /^10\./m.test(stdout) ? undefined : 'there is no .NET 10 SDK';
  } catch {
    return 'there is no .NET SDK on PATH';
  }
}

async function build(project: string): Promise<string | undefined> {
  const settings = ['--configuration', 'Release', '--nologo', '-nodeReuse:false', '-p:UseSharedCompilation=false'];
  try {
    await run('dotnet', ['build', project, ...settings], { timeout: BUILD_TIMEOUT });
    return undefined;
  } catch (error) {
    const { stdout = '', message } = error as Error & { readonly stdout?: string };
    return `it did not build: ${/^.*\berror\b.*$/m.exec(stdout)?.[0] ?? message}`;
  }
}

function newestSource(project: string): number {
  const sources = readdirSync(project).filter((name) => /\.(cs|csproj)$/.test(name));
  return Math.max(...sources.map((name) => modified(join(project, name))));
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
