import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { budgetTotal, scenarioReport } from './report.ts';
import { judge } from './budgets.ts';
import { describeLoad, describeMachine, isBusy } from './machine.ts';
import { readOptions, type Options } from './options.ts';
import type { System } from './peers/peer.ts';
import { systems } from './peers/systems.ts';
import { profileReport } from './profile.ts';
import { Progress } from './progress.ts';
import { overviewTable } from './overview.ts';
import { asJson, readResults, type Results } from './results-json.ts';
import { withSections, type Section } from './results-page.ts';
import { countMeasurements, obstacleTo, runRounds, type Contender, type ScenarioResult } from './rounds.ts';
import type { Scenario } from './scenario.ts';
import { canRun } from './scenarios.ts';
import { isOfSizes, sizesReport } from './sizes.ts';
import { summarize } from './summary.ts';

const request = readOptions(process.argv.slice(2));
if ('show' in request) {
  process.stdout.write(request.show);
} else if ('problem' in request) {
  process.stderr.write(`${request.problem}\nWhat there is: npm run bench -- --help\n`);
  process.exitCode = 2;
} else {
  await carryOut(request.run);
}

async function carryOut(options: Options): Promise<void> {
  // JSON on standard output is to be nothing else.
  const out = options.json === '-' ? process.stderr : process.stdout;
  const say = (text: string): void => void out.write(`${text}\n`);
  const results = options.from === undefined ? await measured(options, say) : shownAgain(options.from, say);
  if (results === undefined) return;
  const sizes = sizesSection(results);
  if (sizes !== undefined) say(`\n${sizes.title}\n\n${sizes.text}`);
  const verdicts = judge(results.scenarios);
  say(`\n${budgetTotal(verdicts)}`);
  if (options.json === '-') process.stdout.write(asJson(results, verdicts));
  else if (options.json !== undefined) writeFileSync(options.json, asJson(results, verdicts));
  if (options.write !== undefined) writePage(options.write, results);
  if (options.overview !== undefined) writeOverview(options.overview, results);
  if (results.scenarios.some(hasFailed)) process.exitCode = 1;
}

/** Undefined where it was profiles that were asked for. */
async function measured(options: Options, say: (text: string) => void): Promise<Results | undefined> {
  say(`${describeMachine()}; ${describeLoad()}`);
  if (isBusy()) say('Other work is going on: only ratios mean anything, and these little.');
  const possible = options.scenarios.filter((scenario) => isPossible(scenario, say));
  const contenders = await findContenders(options, possible, say);
  if (options.profile) {
    await profileAll(possible, contenders, options, say);
    return undefined;
  }
  const scenarios = await measureAll(possible, contenders, options, say);
  say(`\n${describeLoad()}.`);
  return { about: describeRun(options), scenarios };
}

function shownAgain(files: readonly string[], say: (text: string) => void): Results {
  const results = readResults(files);
  say(results.about);
  const verdicts = judge(results.scenarios);
  for (const result of results.scenarios) say(`\n${result.scenario.name}: ${result.scenario.title}\n\n${scenarioReport(result, verdicts)}`);
  return results;
}

function isPossible(scenario: Scenario, say: (text: string) => void): boolean {
  const obstacle = obstacleTo(scenario);
  if (obstacle !== undefined) say(`Without ${scenario.name}: ${obstacle}`);
  return obstacle === undefined;
}

/** Signalbox, and those of the peers asked for that can be started here. */
async function findContenders(
  { against, profile }: Options,
  scenarios: readonly Scenario[],
  say: (text: string) => void,
): Promise<readonly Contender[]> {
  const wanted = ({ name }: System): boolean => name.startsWith('signalbox') || (!profile && against.some((peer) => peer === name));
  const contenders: Contender[] = [];
  for (const system of systems) {
    if (!wanted(system) || !scenarios.some((scenario) => canRun(system, scenario))) continue;
    const command = await system.command();
    if (typeof command === 'string') say(`Without ${system.title}: ${command}`);
    else contenders.push({ system, command });
  }
  return contenders;
}

async function measureAll(
  scenarios: readonly Scenario[],
  contenders: readonly Contender[],
  options: Options,
  say: (text: string) => void,
): Promise<readonly ScenarioResult[]> {
  const progress = new Progress(process.stderr, countMeasurements(scenarios, contenders, options.rounds), options.rounds);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    const result = await runRounds(scenario, contenders, options.rounds, options, progress);
    results.push(result);
    progress.clear();
    say(`\n${scenario.name}: ${scenario.title}\n\n${scenarioReport(result, judge(results))}`);
  }
  return results;
}

async function profileAll(
  scenarios: readonly Scenario[],
  contenders: readonly Contender[],
  options: Options,
  say: (text: string) => void,
): Promise<void> {
  for (const scenario of scenarios) {
    for (const contender of contenders.filter(({ system }) => canRun(system, scenario))) {
      const title = `${scenario.name}: ${scenario.title}, ${contender.system.title}`;
      const text = await profileReport(scenario, contender, options);
      say(`\n${title}\n\n${text}`);
      const name = `profile ${scenario.name} ${contender.system.name}`;
      if (options.write !== undefined) writeSections(options.write, [{ name, title, text: `${describeRun(options)}\n\n${text}` }]);
    }
  }
}

function describeRun({ rounds, duration, warmUp, profile }: Options): string {
  const many = rounds === 1 || profile ? 'one round' : `${rounds} rounds`;
  const how = `${many} of ${duration / 1000} s after ${warmUp / 1000} s of warm-up`;
  return `${new Date().toISOString().slice(0, 10)}, ${describeMachine()}; ${how}.`;
}

function writePage(file: string, results: Results): void {
  const { about, scenarios } = results;
  const verdicts = judge(scenarios);
  const sections = scenarios
    .filter((result) => !isOfSizes(result))
    .map((result): Section => {
      const { name, title } = result.scenario;
      return { name, title: `${name}: ${title}`, text: `${about}\n\n${scenarioReport(result, verdicts)}` };
    });
  const sizes = sizesSection(results);
  writeSections(file, sizes === undefined ? sections : [...sections, sizes]);
}

/** The one table of all sizes of messages, where any was measured. */
function sizesSection({ about, scenarios }: Results): Section | undefined {
  if (!scenarios.some(isOfSizes)) return undefined;
  return { name: 'sizes', title: 'sizes: CPU and latency by the size of messages', text: `${about}\n\n${sizesReport(scenarios)}` };
}

function writeOverview(file: string, { about, scenarios }: Results): void {
  writeSections(file, [{ name: 'overview', title: 'Speed', text: `${overviewTable(scenarios)}\n\n${about}` }]);
}

function writeSections(file: string, sections: readonly Section[]): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  writeFileSync(file, withSections(page, sections));
}

/** What peers do wrong is reported; what Signalbox does wrong fails the run. */
function hasFailed(result: ScenarioResult): boolean {
  return summarize(result).some(
    ({ system, faults, rounds }) => system.startsWith('signalbox') && (faults > 0 || rounds < result.rounds.length),
  );
}
