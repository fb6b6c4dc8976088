/** One instruction of a container file: its word, and the rest with continued lines joined. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** What the file is checked against. */
export interface Surroundings {
  /** Whether there is a file or folder of this path in the repository. */
  readonly exists: (path: string) => boolean;
  /** The text of `.dockerignore`. */
  readonly ignored: string;
  /** What the command line and the environment of `signalbox serve` take. */
  readonly flags: ReadonlySet<string>;
  readonly variables: ReadonlySet<string>;
  /** Where the package has its program. */
  readonly program: string;
}

/** Its instructions, without comments. */
export function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const joined = lines.join('\n').replaceAll(/\\\n/g, ' ');
  return joined.split('\n').flatMap((line) => {
    const match = /^\s*([A-Z]+)\s+(.*\S)\s*$/.exec(line);
    return match === null ? [] : [{ word: match[1] ?? '', rest: (match[2] ?? '').replaceAll(/\s+/g, ' ') }];
  });
}

/** What is wrong with a container file, in a line each. */
export function findingsOf(text: string, around: Surroundings): readonly string[] {
  const all = instructionsOf(text);
  const last = all.slice(all.findLastIndex(({ word }) => word === 'FROM'));
  return [...copies(all, around), ...user(last), ...signals(last), ...command(last, around), ...environment(last, around)];
}

const of = (instructions: readonly Instruction[], word: string): readonly string[] =>
  instructions.filter((instruction) => instruction.word === word).map(({ rest }) => rest);

function copies(all: readonly Instruction[], { exists, ignored }: Surroundings): readonly string[] {
  const stages = new Set(of(all, 'FROM').flatMap((rest) => / AS (\S+)$/.exec(rest)?.[1] ?? []));
  const sent = new Set(ignored.split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : [])));
  return of(all, 'COPY').flatMap((rest) => {
    const stage = /^--from=(\S+) /.exec(rest)?.[1];
    if (stage !== undefined) return stages.has(stage) ? [] : [`There is no stage ${stage}.`];
    const sources = rest.split(' ').slice(0, -1);
    return sources.flatMap((source) => {
      if (!exists(source)) return [`${source} is copied and does not exist.`];
      return sent.has(source) ? [] : [`${source} is copied and left out by .dockerignore.`];
    });
  });
}

function user(last: readonly Instruction[]): readonly string[] {
  const name = of(last, 'USER').at(-1) ?? 'root';
  return /^[1-9]\d*(:\d+)?$/.test(name) ? [] : [`The user is ${name}, and is to be a number that is not root's.`];
}

function signals(last: readonly Instruction[]): readonly string[] {
  const signal = of(last, 'STOPSIGNAL').at(-1) ?? 'none';
  const shells = ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'].filter((word) => listOf(last, word) === undefined);
  return [
    ...(signal === 'SIGTERM' ? [] : [`It is stopped by ${signal}.`]),
    ...shells.map((word) => `${word} is missing, or run by a shell, which keeps signals to itself.`),
  ];
}

function command(last: readonly Instruction[], { program, flags }: Surroundings): readonly string[] {
  const [node, file = '', name, ...args] = [...(listOf(last, 'ENTRYPOINT') ?? []), ...(listOf(last, 'CMD') ?? [])];
  const unknown = args.filter((arg) => arg.startsWith('-') && !flags.has(arg.replace(/^--|=.*$/g, '')));
  return [
    ...(node === 'node' && file.endsWith(program) && name === 'serve'
      ? []
      : [`It does not run signalbox serve, but ${node} ${file} ${name}.`]),
    ...unknown.map((arg) => `signalbox serve has no ${arg}.`),
  ];
}

function environment(last: readonly Instruction[], { variables }: Surroundings): readonly string[] {
  const given = of(last, 'ENV').flatMap((rest) => [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]));
  const port = new Map(given as [string, string][]).get('SIGNALBOX_PORT');
  const open = of(last, 'EXPOSE').at(-1);
  return [
    ...given.flatMap(([name = '']) => (!name.startsWith('SIGNALBOX_') || variables.has(name) ? [] : [`signalbox serve has no ${name}.`])),
    ...(port === open ? [] : [`It listens on ${port} and exposes ${open}.`]),
  ];
}

/** The words of an instruction that is written as a list, which is run without a shell. */
function listOf(instructions: readonly Instruction[], word: string): readonly string[] | undefined {
  const list = /\[.*\]$/.exec(of(instructions, word).at(-1) ?? '')?.[0];
  return list === undefined ? undefined : (JSON.parse(list) as string[]);
}
