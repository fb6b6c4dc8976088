import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LaunchOptions, RunningServer } from './running-server.ts';

const project = fileURLToPath(new URL('dotnet/', import.meta.url));
const program = join(project, 'bin/Release/net10.0/Interop.dll');
const environment = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1', DOTNET_CLI_UI_LANGUAGE: 'en' };

/** Why the reference server can't run here, or undefined. An SDK brings the frameworks of its own version only. */
export function missingDotnet(): string | undefined {
  const { error, stdout } = spawnSync('dotnet', ['--list-sdks'], { env: environment, encoding: 'utf8' });
  if (error) return `the .NET SDK can't be run (${error.message})`;
  const versions = stdout.split('\n').flatMap((line) => line.split(' ', 1));
  return versions.some((version) => version.startsWith('10.')) ? undefined : 'there is no .NET 10 SDK';
}

/** Starts the reference server on a free port. It ends when this process does: it reads its standard input to the end. */
export async function startAspNetCore(options: LaunchOptions = {}): Promise<RunningServer> {
  await buildOnce();
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const child = spawn('dotnet', [program, '--urls', 'http://127.0.0.1:0', ...given], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(line.replace('listening ', '')));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The reference server ended with ${code} before it listened: ${complaint}`)));
  });
  return {
    url,
    ended,
    stop: async () => {
      child.stdin.end();
      const stuck = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(stuck);
    },
  };
}

let built: Promise<void> | undefined;

/** Builds when a source is newer than the program; once in a process, however many servers it starts. */
function buildOnce(): Promise<void> {
  built ??= build();
  return built;
}

async function build(): Promise<void> {
  if ((await newestSource()) < (await modified(program))) return;
  const settings = ['--configuration', 'Release', '--nologo', '-nodeReuse:false', '-p:UseSharedCompilation=false'];
  try {
    await promisify(execFile)('dotnet', ['build', project, ...settings], { env: environment });
  } catch (error) {
    throw new Error(`The reference server did not build: ${(error as { stdout?: string }).stdout ?? ''}`, { cause: error });
  }
}

async function newestSource(): Promise<number> {
  const names = await readdir(project);
  const sources = names.filter((name) => name.endsWith('.cs') || name.endsWith('.csproj'));
  return Math.max(...(await Promise.all(sources.map((name) => modified(join(project, name))))));
}

async function modified(file: string): Promise<number> {
  return existsSync(file) ? (await stat(file)).mtimeMs : 0;
}
