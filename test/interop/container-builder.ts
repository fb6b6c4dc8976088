import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const project = fileURLToPath(new URL('../..', import.meta.url));
const FILE = 'deploy/container/Dockerfile';
const OFFICIAL = /^ARG NODE_IMAGE=(\S+)$/m;
/** As it works also where this is itself in a container. */
const environment = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs', ...process.env };

const here = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** The first program that builds images here: Docker only where its daemon is there, too. */
const command = [
  ['docker', 'info'],
  ['podman', 'info'],
  ['buildah', '--version'],
].find(([name = '', ...args]) => here(name, ...args))?.[0];

/** Builds the image of the container file, and runs it. */
export class ContainerBuilder {
  readonly #command: string;
  readonly #image: string;

  private constructor(program: string, image: string) {
    this.#command = program;
    this.#image = image;
  }

  /** The image, or why there is none to be had here: in one line. */
  static async build(dockerfile: string): Promise<ContainerBuilder | string> {
    if (command === undefined) return 'neither docker with its daemon, nor podman, nor buildah is here';
    const base = process.env['SIGNALBOX_NODE_IMAGE'] ?? OFFICIAL.exec(dockerfile)?.[1] ?? '';
    const builder = new ContainerBuilder(command, `localhost/signalbox-test-${process.pid}`);
    // One of this machine's own stands in where there is no registry.
    if (!base.startsWith('localhost/')) {
      const why = await builder.#run('pull', base).then(
        () => undefined,
        (error: Error) => `${base} can't be had: ${error.message.trim().split('\n').at(-1)}`,
      );
      if (why !== undefined) return why;
    }
    const format = command === 'docker' ? [] : ['--format', 'docker'];
    await builder.#run('build', ...format, '--build-arg', `NODE_IMAGE=${base}`, '-f', FILE, '-t', builder.#image, '.');
    return builder;
  }

  /** What the image says of itself. */
  async config(): Promise<string> {
    const [what, more] = this.#command === 'buildah' ? ['inspect', ['--type', 'image']] : ['image', ['inspect']];
    return this.#run(what ?? '', ...(more ?? []), this.#image);
  }

  /** Runs it with the network of this machine and nothing that it can write but its volume. */
  async start(variables: Readonly<Record<string, string>>): Promise<RunningContainer> {
    const given = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    if (this.#command !== 'buildah') {
      return new RunningContainer(this.#spawn('run', '--rm', '--network', 'host', '--read-only', ...given, this.#image));
    }
    // It runs commands in containers, and not what the image is to run.
    const container = (await this.#run('from', '--pull-never', this.#image)).trim();
    const child = this.#spawn('run', ...given, container, '--', 'node', '/app/dist/cli/main.js', 'serve');
    return new RunningContainer(child, () => this.#run('rm', container));
  }

  async remove(): Promise<void> {
    await this.#run('rmi', '-f', this.#image);
  }

  async #run(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#command, args, { cwd: project, env: environment, maxBuffer: 64 << 20 });
    return stdout;
  }

  #spawn(...args: readonly string[]): ChildProcess {
    return spawn(this.#command, args, { stdio: 'ignore', env: environment });
  }
}

export class RunningContainer {
  readonly #child: ChildProcess;
  readonly #removed: (() => Promise<unknown>) | undefined;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcess, removed?: () => Promise<unknown>) {
    this.#child = child;
    this.#removed = removed;
    this.#ended = once(child, 'close');
  }

  /** Throws where it has ended by itself. */
  runs(): void {
    if (this.#child.exitCode !== null) throw new Error(`The container has ended with ${this.#child.exitCode}.`);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    await this.#removed?.();
  }
}
