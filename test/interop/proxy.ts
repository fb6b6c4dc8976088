import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../bench/daemon.ts';
import { eventually } from '../eventually.ts';
import { certificate, key } from '../transport/certificate.ts';

/** A reverse proxy for which docs/service.md has a file, and how that is run in a folder of a test's own. */
export interface ProxyProgram {
  /** Its name on PATH, and the language of its file on the page. */
  readonly command: string;
  readonly args: (folder: string) => readonly string[];
  /** The file that it is started with, around that of the page. */
  readonly around: (file: string, folder: string) => string;
}

export const nginx: ProxyProgram = {
  command: 'nginx',
  args: (folder) => ['-p', folder, '-c', 'proxy.conf', '-e', 'stderr'],
  around: (file, folder) => `daemon off;
pid nginx.pid;
worker_processes 1;
error_log stderr error;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((path) => `${path}_temp_path ${folder};`).join('\n  ')}
${file}
}
`,
};

export const haproxy: ProxyProgram = {
  command: 'haproxy',
  args: (folder) => ['-db', '-f', join(folder, 'proxy.conf')],
  around: (file) => file,
};

/** Whether it is on PATH. */
export const proxyIsHere = ({ command }: ProxyProgram): boolean => spawnSync(command, ['-v']).status === 0;

/** A proxy as the page sets it up, with only addresses and paths of this machine in their places. */
export class Proxy {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  /** Starts one in front of a service on 127.0.0.1. */
  static async start(program: ProxyProgram, servicePort: number): Promise<Proxy> {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-proxy-'));
    const port = await freePort();
    for (const [name, text] of [
      ['signalr.crt', certificate],
      ['signalr.key', key],
      ['signalr.pem', certificate + key],
    ] as const)
      await writeFile(join(folder, name), text, { mode: 0o600 });
    const file = (await fileOnPage(program.command))
      .replaceAll(/\/etc\/\w+\/signalr\./g, `${folder}/signalr.`)
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
      .replace('bind :443 ssl', `bind 127.0.0.1:${port} ssl`)
      .replaceAll('127.0.0.1:8888', `127.0.0.1:${servicePort}`);
    await writeFile(join(folder, 'proxy.conf'), program.around(file, folder));
    const child = spawn(program.command, program.args(folder), { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const proxy = new Proxy(port, folder, child);
    try {
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(`${program.command} ended: ${said}`);
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        socket.destroy();
      });
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function fileOnPage(language: string): Promise<string> {
  const page = await readFile(new URL('../../docs/service.md', import.meta.url), 'utf8');
  const file = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page)?.[1];
  if (file === undefined) throw new Error(`docs/service.md has no file for ${language}`);
  return file;
}
