import type { BillMonth, TierTotal } from '../metering/bill.ts';
import type { PriceTable } from '../metering/price-table.ts';
import type { NamedUsage } from '../metering/usage-by-name.ts';
import type { DataDirectory } from './bill-options.ts';
import { textTable } from './text-table.ts';

/** How a bill was made. */
export interface BillSetting {
  readonly aspNetSignalR: boolean;
  readonly today: string;
}

/** Hubs, and methods, users and groups, that are listed by name; `--json` has all. */
const MOST_HUBS = 20;
const MOST_NAMES = 10;

/** A bill for people to read. */
export function billText(months: readonly BillMonth[], prices: PriceTable, setting: BillSetting): string {
  return `${months.map((month) => monthText(month, prices, setting)).join('\n')}
${notes(prices, setting)}`;
}

/** Why there is no bill. */
export function emptyText(directories: readonly DataDirectory[], recorded: readonly string[], month: string | undefined): string {
  const where = directories.map(({ path }) => `'${printable(path)}'`).join(' and ');
  if (recorded.length > 0)
    return `Nothing was recorded in ${month ?? 'any month'} in ${where}. There are records of ${recorded.join(', ')}.\n`;
  return `Nothing has been recorded in ${where} yet. A service records what it counts there while it runs: signalbox serve --data <directory>\n`;
}

function monthText(month: BillMonth, { currency }: PriceTable, { today }: BillSetting): string {
  const { cheapest, days, daysInMonth } = month;
  const tier = cheapest ?? month.tiers.at(-1)?.name ?? '';
  const title = `${month.month}, ${days.length} of ${daysInMonth} days (UTC), in ${currency}`;
  return `${title}\n${'='.repeat(title.length)}

${dayTable(month, tier, today)}
${hubTable(month)}
${nameTables(month)}${tierTable(month)}`;
}

function dayTable({ days, messages, connections, tiers }: BillMonth, tier: string, today: string): string {
  const total = tiers.find(({ name }) => name === tier);
  const rows = days.map((day) => {
    const cost = day.tiers[tier];
    const costs = cost
      ? [count(cost.units), money(cost.unitsCost), money(cost.messagesCost), money(cost.unitsCost + cost.messagesCost)]
      : [];
    return [day.day === today ? `${day.day} so far` : day.day, count(day.messages), count(day.connections), ...costs];
  });
  const sums = total ? ['', money(total.unitsCost), money(total.messagesCost), money(total.cost)] : [];
  const head = [tier, 'messages', 'connections', 'units', 'for units', 'for messages', 'cost'];
  return textTable(head, [...rows, ['together', count(messages), count(connections), ...sums]]);
}

function hubTable({ hubs, messages }: BillMonth): string {
  const all = Object.entries(hubs)
    .filter(([, billed]) => billed > 0)
    .toSorted(([, a], [, b]) => b - a);
  const rows = all.slice(0, MOST_HUBS).map(([name, billed]) => [printable(name), count(billed), share(billed, messages)]);
  if (all.length > MOST_HUBS) {
    const rest = all.slice(MOST_HUBS).reduce((sum, [, billed]) => sum + billed, 0);
    rows.push([`${all.length - MOST_HUBS} others`, count(rest), share(rest, messages)]);
  }
  return rows.length === 0 ? '  No hub had a billed message.\n' : textTable(['hub', 'messages', 'share'], rows);
}

/** Who made the traffic, where that was counted. */
function nameTables({ names: { methods, users, groups }, messages }: BillMonth): string {
  return [nameTable('method', methods, messages), nameTable('user', users, messages), nameTable('group', groups, messages)].join('');
}

function nameTable(kind: string, usages: readonly NamedUsage[], messages: number): string {
  if (usages.length === 0) return '';
  const rows = usages.slice(0, MOST_NAMES).map(({ name, hub, billed }) => {
    return [printable(name), printable(hub), count(billed), share(billed, messages)];
  });
  const more = usages.length - MOST_NAMES;
  if (more > 0) rows.push([`${count(more)} others`, '', '', '']);
  return `${textTable([kind, 'hub', 'messages', 'share'], rows)}\n`;
}

function tierTable({ tiers, cheapest, days, daysInMonth }: BillMonth): string {
  const fitting = tiers.filter(({ tooSmall }) => tooSmall === undefined);
  const rows = fitting.map((tier) => [tier.name, money(tier.cost), money(tier.wholeMonth), tier.name === cheapest ? 'cheapest' : '']);
  const table =
    rows.length === 0 ? '' : textTable(['tier', days.length === 1 ? '1 day' : `${days.length} days`, `all ${daysInMonth} days`, ''], rows);
  const others = tiers.filter((tier): tier is TierTotal & { readonly tooSmall: string } => tier.tooSmall !== undefined);
  return `${table}${others.map(({ name, tooSmall }) => `  ${printable(name)} is too small: ${tooSmall}.\n`).join('')}`;
}

function notes({ date, source, note, tiers }: PriceTable, { aspNetSignalR }: BillSetting): string {
  const unverified = tiers.filter((tier) => tier.unverified.length > 0).map((tier) => `${tier.name} (${tier.unverified.join(', ')})`);
  return [
    `Prices of ${date}: ${printable(source)}. Change them by signalbox bill --print-prices, and --prices.`,
    ...(unverified.length > 0 ? [`Not verified where they are published: ${unverified.join(', ')}.`] : []),
    ...(note === '' ? [] : [printable(note)]),
    ...(aspNetSignalR ? ['Connections have 5 more for each app server, for the hub of its own that classic ASP.NET SignalR has.'] : []),
    'All of the month: each day that is missing taken to be as those that are over.',
    '',
  ].join('\n');
}

const count = (value: number): string => value.toLocaleString('en-US');
const money = (value: number): string => value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const share = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(1)} %`;

/** What came from a file must not steer the terminal. */
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
