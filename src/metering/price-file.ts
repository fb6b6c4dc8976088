import { startOf } from './day.ts';
import type { PriceTable, TierPrices } from './price-table.ts';

/** What a value of a table may be. */
interface Rule {
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
}

const text: Rule = { allowed: 'a text', accepts: (value) => typeof value === 'string' && value !== '' };
const price: Rule = { allowed: 'a number from 0', accepts: isPrice };
const count: Rule = { allowed: 'a whole number above 0', accepts: isCount };

const tierRules: Readonly<Record<keyof TierPrices, Rule>> = {
  name: text,
  unitPerDay: price,
  connectionsPerUnit: count,
  messagesPerUnitAndDay: { allowed: 'a whole number from 0', accepts: (value) => value === 0 || isCount(value) },
  furtherMillion: {
    allowed: 'a number from 0, or null where there are no more messages',
    accepts: (value) => value === null || isPrice(value),
  },
  unitSizes: { allowed: 'whole numbers above 0, each higher than the one before', accepts: isRising },
  unverified: {
    allowed: 'names of other keys of the tier',
    accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && Object.hasOwn(tierRules, name)),
  },
};

const tableRules: Readonly<Record<keyof PriceTable, Rule>> = {
  date: { allowed: "a day, such as '2026-11-21'", accepts: (value) => typeof value === 'string' && startOf(value) !== undefined },
  currency: text,
  source: text,
  note: { allowed: 'a text', accepts: (value) => typeof value === 'string' },
  tiers: { allowed: 'a list of tiers, each with a name of its own', accepts: areTiers },
};

/** The table of a text, or all that is wrong with it: one line for each key, with what is allowed. */
export function readPriceTable(json: string): PriceTable | readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return [`It is not JSON: ${(error as Error).message}.`];
  }
  const problems = problemsOf('', value, tableRules);
  const tiers = isObject(value) && Array.isArray(value['tiers']) ? (value['tiers'] as readonly unknown[]) : [];
  for (const [at, tier] of tiers.entries()) problems.push(...problemsOf(`tiers[${at}].`, tier, tierRules));
  return problems.length > 0 ? problems : (value as PriceTable);
}

function problemsOf(path: string, value: unknown, rules: Readonly<Record<string, Rule>>): string[] {
  if (!isObject(value)) return [`${path === '' ? 'The table' : path.slice(0, -1)} is ${shown(value)}. Allowed: an object.`];
  const problems: string[] = [];
  for (const [name, { allowed, accepts }] of Object.entries(rules)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined) problems.push(`${path}${name} is missing. Allowed: ${allowed}.`);
    else if (!accepts(given)) problems.push(`${path}${name} is ${shown(given)}. Allowed: ${allowed}.`);
  }
  const known = Object.keys(rules).join(', ');
  for (const name of Object.keys(value)) if (!Object.hasOwn(rules, name)) problems.push(`${path}${name} is not known. Allowed: ${known}.`);
  return problems;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isPrice(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isRising(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((size: unknown, at) => isCount(size) && (at === 0 || (size as number) > (value[at - 1] as number)));
}

function areTiers(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const names = value.map((tier: unknown) => (isObject(tier) ? tier['name'] : undefined));
  return new Set(names).size === names.length;
}

const LONGEST = 80;

function shown(value: unknown): string {
  const json = JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, '?');
  return json.length > LONGEST ? `${json.slice(0, LONGEST)}…` : json;
}
