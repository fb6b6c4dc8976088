import { DAY, dayOf, startOf } from './day.ts';
import type { DayRecord } from './day-record.ts';
import { ranked, usageOf, type DayUsage, type UsageOptions } from './day-usage.ts';
import type { PriceTable, TierPrices } from './price-table.ts';
import { usageByName, type UsageByName } from './usage-by-name.ts';

/** What a day costs in a tier. */
export interface DayCost {
  readonly units: number;
  readonly unitsCost: number;
  /** Messages beyond those that the units have in them. */
  readonly furtherMessages: number;
  readonly messagesCost: number;
}

/** A day of a bill: in UTC. */
export interface BillDay extends DayUsage {
  /** By tier; null where the tier has no room for the day. */
  readonly tiers: Readonly<Record<string, DayCost | null>>;
}

/** What a month costs in a tier. */
export interface TierTotal {
  readonly name: string;
  /** Why the tier has no room for what was used; undefined: it has. The costs are of the days for which it has. */
  readonly tooSmall?: string;
  readonly unitsCost: number;
  readonly messagesCost: number;
  readonly cost: number;
  /** Of the whole month, if its other days are like those there are. */
  readonly wholeMonth: number;
}

/** A calendar month, in UTC. */
export interface BillMonth {
  /** `2026-11` */
  readonly month: string;
  /** The days that are in it: from the first to the last record, those between of which there is none with nothing used. */
  readonly days: readonly BillDay[];
  readonly daysInMonth: number;
  readonly messages: number;
  readonly wholeMonthMessages: number;
  /** The most connections at a time. */
  readonly connections: number;
  /** Billed messages by hub, the most first. */
  readonly hubs: Readonly<Record<string, number>>;
  /** Who made the traffic, where the service counts by name. */
  readonly names: UsageByName;
  readonly tiers: readonly TierTotal[];
  /** The tier that costs least of those that have room for all of it; undefined where none has. */
  readonly cheapest?: string;
}

export interface BillOptions extends UsageOptions {
  /** The day that is not over yet: the others are what the rest of a month is taken to be like. Default: all days are over. */
  readonly today?: string;
}

const MILLION = 1_000_000;

/**
 * What was used would have cost, by calendar month, the first one first. Units are those that a day's peak of connections needs, in sizes that
 * can be had; messages beyond those in the units cost by the part of a million.
 */
export function billOf(records: readonly DayRecord[], prices: PriceTable, options: BillOptions = {}): readonly BillMonth[] {
  const used = new Map(usageOf(records, options).map((usage) => [usage.day, usage]));
  const [first = '', last = ''] = [[...used.keys()].at(0), [...used.keys()].at(-1)];
  const months = new Set([...used.keys()].map((day) => day.slice(0, 7)));
  return [...months].map((month) => {
    const days = daysOf(month)
      .filter((day) => first <= day && day <= last)
      .map((day) => billDay(used.get(day) ?? { day, messages: 0, connections: 0, hubs: {} }, prices));
    const names = usageByName(records.filter(({ day }) => day.startsWith(month)));
    return billMonth({ month, days, names }, prices, options.today);
  });
}

function billDay(usage: DayUsage, { tiers }: PriceTable): BillDay {
  return { ...usage, tiers: Object.fromEntries(tiers.map((tier) => [tier.name, costOf(usage, tier)])) };
}

function costOf({ connections, messages }: DayUsage, tier: TierPrices): DayCost | null {
  const units = tier.unitSizes.find((size) => size * tier.connectionsPerUnit >= connections);
  if (units === undefined) return null;
  const furtherMessages = Math.max(0, messages - units * tier.messagesPerUnitAndDay);
  if (furtherMessages > 0 && tier.furtherMillion === null) return null;
  const messagesCost = money((furtherMessages / MILLION) * (tier.furtherMillion ?? 0));
  return { units, unitsCost: money(units * tier.unitPerDay), furtherMessages, messagesCost };
}

function billMonth(used: Pick<BillMonth, 'month' | 'days' | 'names'>, { tiers }: PriceTable, today: string | undefined): BillMonth {
  const { month, days, names } = used;
  const daysInMonth = daysOf(month).length;
  const over = days.filter(({ day }) => day !== today);
  const typical = over.length > 0 ? over : days;
  const toWhole = (ofDay: (day: BillDay) => number): number => (sumOf(typical, ofDay) / typical.length) * daysInMonth;
  const totals = tiers.map((tier) => tierTotal(tier, days, toWhole));
  const [best] = totals.filter(({ tooSmall }) => tooSmall === undefined).toSorted((a, b) => a.cost - b.cost);
  return {
    month,
    days,
    daysInMonth,
    messages: sumOf(days, ({ messages }) => messages),
    wholeMonthMessages: Math.round(toWhole(({ messages }) => messages)),
    connections: Math.max(...days.map(({ connections }) => connections)),
    hubs: hubsOf(days),
    names,
    tiers: totals,
    ...(best === undefined ? {} : { cheapest: best.name }),
  };
}

function tierTotal(tier: TierPrices, days: readonly BillDay[], toWhole: (ofDay: (day: BillDay) => number) => number): TierTotal {
  const { name } = tier;
  const unitsCost = money(sumOf(days, ({ tiers }) => tiers[name]?.unitsCost ?? 0));
  const messagesCost = money(sumOf(days, ({ tiers }) => tiers[name]?.messagesCost ?? 0));
  const wholeMonth = money(toWhole(({ tiers }) => (tiers[name]?.unitsCost ?? 0) + (tiers[name]?.messagesCost ?? 0)));
  const full = days.find(({ tiers }) => tiers[name] === null);
  const total = { name, unitsCost, messagesCost, cost: money(unitsCost + messagesCost), wholeMonth };
  return full === undefined ? total : { ...total, tooSmall: tooSmallFor(full, tier) };
}

function tooSmallFor({ day, connections, messages }: DayUsage, tier: TierPrices): string {
  const units = tier.unitSizes.at(-1) ?? 0;
  const most = units * tier.connectionsPerUnit;
  if (connections > most) return `${counted(connections)} connections on ${day}, and ${counted(most)} are its most`;
  return `${counted(messages)} messages on ${day}, and ${counted(units * tier.messagesPerUnitAndDay)} are its most`;
}

function hubsOf(days: readonly BillDay[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { hubs } of days) for (const [name, billed] of Object.entries(hubs)) sums.set(name, (sums.get(name) ?? 0) + billed);
  return Object.fromEntries(ranked(sums));
}

/** Of a calendar month. */
function daysOf(month: string): readonly string[] {
  const days: string[] = [];
  for (let at = startOf(`${month}-01`) ?? 0; dayOf(at).startsWith(month); at += DAY) days.push(dayOf(at));
  return days;
}

const sumOf = (days: readonly BillDay[], ofDay: (day: BillDay) => number): number => days.reduce((sum, day) => sum + ofDay(day), 0);

/** Sums of cents are exact to a millionth, and not further. */
const money = (amount: number): number => Math.round(amount * MILLION) / MILLION;

const counted = (count: number): string => count.toLocaleString('en-US');
