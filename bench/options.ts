import { parseArgs } from 'node:util';
import type { PeerName } from './peers/peer.ts';
import { peerNames as peers, systems } from './peers/systems.ts';
import type { Scenario } from './scenario.ts';
import { canRun, scenarioNamed, scenarios } from './scenarios.ts';

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly against: readonly PeerName[];
  readonly rounds: number;
  /** Milliseconds. */
  readonly warmUp: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly generators: number;
  /** A file for everything measured, as JSON; `-` is standard output. */
  readonly json?: string;
  /** A page whose marked sections are written. */
  readonly write?: string;
  /** A page whose section `overview` is written. */
  readonly overview?: string;
  /** Files of earlier runs, to be shown instead of measuring. */
  readonly from?: readonly string[];
  readonly profile: boolean;
}

/** What the program is to do. `problem` is the user's mistake, in words. */
export type Request = { readonly run: Options } | { readonly show: string } | { readonly problem: string };

const usual = { rounds: 5, warmUp: 2, duration: 3 };
const quick = { rounds: 1, warmUp: 0.3, duration: 0.5 };

export const usage = `Compares Signalbox with other servers, each in a process of its own, under the same load.

  npm run bench -- [options]

  --scenario <names>   what to measure, with commas between; default: all but the large ones
  --against <names>    with what to compare: ${peers.join(', ')}, or none; default: all that are found
  --rounds <n>         rounds in which all systems are measured, one after the other; default ${usual.rounds}
  --warm-up <s>        seconds of load before each measurement; default ${usual.warmUp}
  --duration <s>       seconds of each measurement; default ${usual.duration}
  --quick              a smoke run: few scenarios, ${quick.rounds} round, ${quick.duration} s each. Its figures mean nothing
  --large              the scenarios that take more than 10,000 connections, too
  --generators <n>     processes that generate the load; default 1
  --profile            instead: what Signalbox spends its time and its memory on
  --json <file>        everything measured, as JSON; - for standard output
  --write <page>       writes the tables into the marked sections of a page
  --overview <page>    writes one table of all scenarios into the section "overview" of a page
  --from <files>       instead of measuring: what earlier runs wrote with --json, with commas between
  --list               the scenarios
  --help               this text
`;

/** Reads the arguments of the command line. */
export function readOptions(args: readonly string[]): Request {
  try {
    return read(args);
  } catch (error) {
    if (error instanceof Error) return { problem: error.message };
    throw error;
  }
}

function read(args: readonly string[]): Request {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      against: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      'warm-up': { type: 'string' },
      duration: { type: 'string' },
      generators: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'string' },
      overview: { type: 'string' },
      from: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { show: usage };
  if (values.list) return { show: scenarioList() };
  const byDefault = values.quick ? quick : usual;
  return {
    run: {
      scenarios: chosenScenarios(listed(values.scenario), values.quick, values.large),
      against: chosenPeers(listed(values.against)),
      rounds: whole('--rounds', values.rounds, byDefault.rounds),
      warmUp: seconds('--warm-up', values['warm-up'], byDefault.warmUp),
      duration: seconds('--duration', values.duration, byDefault.duration),
      generators: whole('--generators', values.generators, 1),
      profile: values.profile,
      ...(values.json !== undefined && { json: values.json }),
      ...(values.write !== undefined && { write: values.write }),
      ...(values.overview !== undefined && { overview: values.overview }),
      ...(values.from !== undefined && { from: listed(values.from) ?? [] }),
    },
  };
}

const listed = (given: readonly string[] | undefined): readonly string[] | undefined =>
  given?.flatMap((names) => names.split(',')).filter((name) => name !== '');

function chosenScenarios(names: readonly string[] | undefined, isQuick: boolean, isLarge: boolean): readonly Scenario[] {
  if (names === undefined) return scenarios.filter((one) => (isQuick ? one.quick === true : isLarge || one.large !== true));
  const chosen = names.map((name) => {
    const scenario = scenarioNamed(name);
    if (!scenario) throw new Error(`There is no scenario '${name}'. There are: ${scenarios.map((one) => one.name).join(', ')}`);
    if (scenario.large === true && !isLarge) throw new Error(`'${name}' takes ${scenario.connections} connections: add --large`);
    return scenario;
  });
  if (chosen.length === 0) throw new Error('--scenario names none');
  return chosen;
}

function chosenPeers(names: readonly string[] | undefined): readonly PeerName[] {
  if (names === undefined) return peers;
  return names
    .filter((name) => name !== 'none')
    .map((name) => {
      const peer = peers.find((one) => one === name);
      if (!peer) throw new Error(`There is no peer '${name}'. There are: ${peers.join(', ')}`);
      return peer;
    });
}

function whole(option: string, given: string | undefined, byDefault: number): number {
  const value = given === undefined ? byDefault : Number(given);
  if (!Number.isInteger(value) || value < 1 || value > 100)
    throw new Error(`${option} is to be a whole number from 1 to 100, not '${given}'`);
  return value;
}

/** Returns milliseconds. */
function seconds(option: string, given: string | undefined, byDefault: number): number {
  const value = given === undefined ? byDefault : Number(given);
  if (!(value >= 0.05 && value <= 600)) throw new Error(`${option} is to be a number of seconds from 0.05 to 600, not '${given}'`);
  return value * 1000;
}

/** A line for each scenario, with the systems that can run it. */
function scenarioList(): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return scenarios
    .map((scenario) => {
      const able = systems.filter((system) => canRun(system, scenario)).map(({ name }) => name);
      const large = scenario.large === true ? ' (--large)' : '';
      return `${scenario.name.padEnd(width)}  ${scenario.title}${large}: ${able.join(', ')}\n`;
    })
    .join('');
}
