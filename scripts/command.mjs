import { spawn } from 'node:child_process';

/**
 * @typedef {object} CommandOptions
 * @property {NodeJS.ProcessEnv} [env] Added to this process's environment.
 * @property {number} [timeout] Milliseconds after which the command is ended. Default: 10 minutes.
 * @property {boolean} [quiet] Collects what the command prints instead of printing it. Default: false.
 */

/**
 * @typedef {object} Ending
 * @property {boolean} ok Whether the command ended with 0, in time.
 * @property {string} reason How it ended, in a few words.
 * @property {string} output What it printed, where it was `quiet`.
 */

const TIMEOUT = 600_000;

/** Ends a command with everything that it started. @type {Set<() => void>} */
const running = new Set();

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    for (const end of running) end();
    process.kill(process.pid, signal);
  });
}

/**
 * Runs a command in the current folder, without standard input. Never rejects: a command that can't be started has ended badly.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<Ending>}
 */
export function run(command, args, { env, timeout = TIMEOUT, quiet = false } = {}) {
  const shown = quiet ? 'pipe' : 'inherit';
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { env: { ...process.env, ...env }, stdio: ['ignore', shown, shown] };
  // A group of its own, so that a test that hangs in a process of its own ends with the rest.
  const child = spawn(command, args, { ...options, detached: process.platform !== 'win32' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => {
    let late = false;
    const end = () => endGroup(child);
    const timer = setTimeout(() => {
      late = true;
      end();
    }, timeout);
    running.add(end);
    const ended = (/** @type {boolean} */ ok, /** @type {string} */ reason) => {
      clearTimeout(timer);
      running.delete(end);
      resolve({ ok, reason: late ? `took longer than ${timeout / 1000} s` : reason, output });
    };
    child.once('error', (error) => ended(false, error.message));
    child.once('close', (code, signal) => ended(code === 0, `ended with ${signal ?? code}`));
  });
}

/** @param {import('node:child_process').ChildProcess} child */
function endGroup(child) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Runs npm: the one that started this script, where there is one.
 *
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 */
export function npm(args, options) {
  const cli = process.env['npm_execpath'];
  return cli?.endsWith('.js') ? run(process.execPath, [cli, ...args], options) : run('npm', args, options);
}
