import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './command.mjs';

/**
 * @typedef {object} RealPart A program that tests meet in its real form.
 * @property {string} name
 * @property {readonly string[]} commands Any of these on PATH will do.
 * @property {string} [variable] The environment's variable that may name it instead.
 * @property {string} [debian] The Debian package that has it; without one it is used where it is found and never installed.
 * @property {RegExp} evidence What an interop test that needs it contains.
 */

/** @type {readonly RealPart[]} */
const realParts = [
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    variable: 'CHROMIUM',
    debian: 'chromium',
    evidence: /from 'playwright-core'/,
  },
  { name: 'Redis', commands: ['redis-server'], debian: 'redis-server', evidence: /redis-server\.ts'/ },
  { name: 'NATS', commands: ['nats-server'], debian: 'nats-server', evidence: /nats-server\.ts'/ },
  { name: 'nginx', commands: ['nginx'], debian: 'nginx-light', evidence: /\/proxy\.ts'/ },
  { name: 'HAProxy', commands: ['haproxy'], debian: 'haproxy', evidence: /\/proxy\.ts'/ },
  { name: 'systemd-analyze', commands: ['systemd-analyze'], debian: 'systemd', evidence: /'systemd-analyze'/ },
  { name: 'a builder of containers', commands: ['podman', 'buildah'], debian: 'buildah', evidence: /\/container-builder\.ts'/ },
  { name: 'the .NET SDK', commands: ['dotnet'], evidence: /['"]dotnet['"]/ },
];

const TESTS = join('test', 'interop');

/**
 * Sees to the programs that the tests need: what is missing is installed where this is root on Debian.
 *
 * @returns {Promise<readonly string[]>} A line for each that is still missing. Which tests do without, their own report says.
 */
export async function provideRealParts() {
  const lines = [];
  for (const part of realParts) {
    if (isHere(part) || !isNeeded(part)) continue;
    const obstacle = await install(part);
    if (obstacle !== undefined) lines.push(`what needs ${part.name}: ${obstacle}`);
  }
  return lines;
}

/** @param {RealPart} part */
function isHere({ commands, variable }) {
  if (variable !== undefined && process.env[variable] !== undefined) return true;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return commands.some((command) =>
    folders.some((folder) => existsSync(join(folder, command)) || existsSync(join(folder, `${command}.exe`))),
  );
}

/**
 * @param {RealPart} part
 * @returns {Promise<string | undefined>} Why it could not be installed.
 */
async function install(part) {
  const { name, debian } = part;
  if (debian === undefined) return 'it is not on PATH';
  if (!isDebian() || process.getuid?.() !== 0) return 'it is not on PATH, and is installed only by root on Debian';
  console.log(`Installing ${name} from Debian's package ${debian}…`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const updated = await run('apt-get', ['update', '-qq'], { env, quiet: true, timeout: 120_000 });
  const installed = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debian], {
    env,
    quiet: true,
    timeout: 300_000,
  });
  if (installed.ok && isHere(part)) return undefined;
  const why = `${updated.output}${installed.output}`.split('\n').findLast((line) => line.startsWith('E: '));
  return `Debian's package ${debian} could not be installed: ${why?.slice(3) ?? installed.reason}`;
}

function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** @param {RealPart} part */
function isNeeded({ evidence }) {
  if (!existsSync(TESTS)) return false;
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.some((file) => evidence.test(readFileSync(join(TESTS, file), 'utf8')));
}
