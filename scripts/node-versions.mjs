import { dirname, delimiter } from 'node:path';
import { npm } from './command.mjs';

/** The Node versions beside the one that is installed on which the tests are run: the newest of each line when they were last raised. */
export const nodeVersions = ['22.23.3', '24.9.0'];

/**
 * @typedef {object} Node A Node that npm brought here.
 * @property {string} path
 * @property {NodeJS.ProcessEnv} env For what runs on it.
 */

/**
 * Has npm fetch a Node, from its cache if it can.
 *
 * @param {string} version
 * @returns {Promise<Node | string>} The reason, where it can't be had.
 */
export async function obtainNode(version) {
  const flags = ['--yes', '--prefer-offline', '--fetch-retries=0', `--package=${packageOfNode()}@${version}`];
  const print = ['node', '-p', "['node', process.version, process.execPath].join(' ')"];
  const { ok, output, reason } = await npm(['exec', ...flags, '--', ...print], { quiet: true, timeout: 180_000 });
  const [, ran, path] = /^node v(\S+) (.+)$/m.exec(output) ?? [];
  if (ok && ran === version && path !== undefined) {
    return { path, env: { PATH: `${dirname(path)}${delimiter}${process.env['PATH'] ?? ''}` } };
  }
  if (ok) return `npm answered with Node ${ran ?? 'of an unknown version'}`;
  const code = /^npm error code (\S+)/m.exec(output)?.[1];
  return `npm can't get it (${code ?? reason})`;
}

/** The package with Node's program for this machine. The package `node` would choose it in an install script, which npm asks to be allowed. */
function packageOfNode() {
  const { platform, arch } = process;
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform === 'win32' ? 'win' : platform}-${arch}`;
}
