import { audiencesOf } from './audiences.ts';
import { onDotnet } from './dotnet.ts';
import type { Fault } from './fault.ts';
import type { Result } from './run-fault.ts';

const number = (value: number): string => value.toLocaleString('en-US');
const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;

export function titleOf({ title }: Fault, outage: number): string {
  return title.replaceAll('{s}', String(outage / 1_000));
}

/** What publishers lost in the faults in which nothing may be lost. */
export function lostInCovered(results: readonly Result[]): number {
  return results.reduce((sum, { fault, verdict }) => sum + (fault.covered ? verdict.lost.length : 0), 0);
}

/** Some lines about one fault, for people who look for the reason. */
export function asLines(result: Result): string {
  const { fault, outage, verdict, crashes, whole, took } = result;
  const lines = [
    `${fault.name}${fault.covered ? '' : ' (not covered)'}: ${titleOf(fault, outage)}`,
    `  sent ${number(verdict.sent)}, kept ${number(verdict.kept)}, lost ${number(verdict.lost.length)}, doubled ${number(verdict.doubled)}, out of order ${number(verdict.disordered)}`,
    ...lostLines(result),
    `  reported: ${reported(result)}`,
    `  own clients served meanwhile: ${near(result)}; whole again after ${wholeAfter(result)} (${took.toFixed(0)} s in all)`,
    ...asides(result).map((line) => `  ${line}`),
    ...(whole ? [] : ['  not whole: a server is not connected, or a client not back']),
    ...crashes.map((crash) => `  ${crash}`),
  ];
  return `${lines.join('\n')}\n\n`;
}

function lostLines({ verdict: { lost, lostDeliveries, silent }, healed }: Result): readonly string[] {
  if (lost.length === 0) return [];
  const targets = new Map<string, number>();
  for (const { publisher, audience, outcome } of lost) {
    const target = audiencesOf(Number(publisher.slice(1, 2)))[audience]?.target.to ?? 'nobody';
    const name = outcome === 'unsettled' ? `${target} (nobody was told)` : target;
    targets.set(name, (targets.get(name) ?? 0) + 1);
  }
  const publishers = [...new Set(lost.map(({ publisher }) => publisher))];
  const times = lost.map(({ from }) => from - healed);
  return [
    `  lost: ${counts(targets)}; ${number(lostDeliveries)} deliveries, of ${publishers.join(', ')}; ${number(silent)} silently`,
    `  lost was what was sent from ${seconds(Math.min(...times))} to ${seconds(Math.max(...times))} after the end of the cause`,
  ];
}

/** What nobody need know where it is nothing. */
function asides({ verdict }: Result): readonly string[] {
  return [
    ...(verdict.missedAway > 0 ? [`missed by clients while they were away: ${number(verdict.missedAway)} deliveries`] : []),
    ...(verdict.orphaned > 0 ? [`gone with their publisher: ${number(verdict.orphaned)} messages`] : []),
    ...(verdict.misdirected > 0 ? [`delivered to whom they were not for: ${number(verdict.misdirected)}`] : []),
  ];
}

function counts(counted: ReadonlyMap<string, number>): string {
  return Array.from(counted, ([name, count]) => `${name} ${number(count)}`).join(', ');
}

function reported({ verdict, told }: Result): string {
  const rejected = Array.from(verdict.refused, ([code, count]) => `${number(count)} rejected with ${code}`);
  return [...rejected, ...Array.from(told, ([event, count]) => `${event} ${number(count)} ×`)].join(', ') || 'nothing';
}

function near({ verdict: { nearServed } }: Result): string {
  return nearServed === undefined ? '-' : `${Math.floor(nearServed * 100)} %`;
}

function wholeAfter({ verdict, whole }: Result): string {
  return whole && verdict.wholeAfter < Infinity ? seconds(verdict.wholeAfter) : 'never';
}

const HEAD = ['fault', 'sent', 'kept', 'lost', 'doubled', 'out of order', 'reported', 'own clients', 'whole after', 'ASP.NET Core'];

/** The tables of a page: what is covered, and what is not. */
export function asPage(results: readonly Result[]): string {
  const covered = results.filter(({ fault }) => fault.covered);
  const others = results.filter(({ fault }) => !fault.covered);
  return [
    'Nothing of a Node publisher may be lost:',
    table(covered),
    'Something may, and is reported:',
    table(others),
    `lost: ${lostInCovered(results)}`,
  ].join('\n\n');
}

function table(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { fault, outage, verdict } = result;
    const lost = `${number(verdict.lost.length)}${verdict.silent > 0 ? ` (${number(verdict.silent)} silently)` : ''}`;
    const figures = [number(verdict.sent), number(verdict.kept), lost, number(verdict.doubled), number(verdict.disordered)];
    const said = [reported(result), ...asides(result)].join('; ');
    return [titleOf(fault, outage), ...figures, said, near(result), wholeAfter(result), onDotnet(fault.name)];
  });
  return [HEAD, HEAD.map((name) => (['fault', 'reported', 'ASP.NET Core'].includes(name) ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** All figures, each fault by itself. */
export function asJson(results: readonly Result[]): string {
  const figures = results.map(({ fault, verdict, told, ...rest }) => ({
    fault: fault.name,
    covered: fault.covered,
    ...rest,
    verdict: { ...verdict, refused: Object.fromEntries(verdict.refused) },
    told: Object.fromEntries(told),
    dotnet: onDotnet(fault.name),
  }));
  return `${JSON.stringify({ lost: lostInCovered(results), faults: figures }, undefined, 2)}\n`;
}
