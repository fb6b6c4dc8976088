import { written, type Setting } from './setting.ts';
import type { ReadSetting } from './setting-reading.ts';

/** A setting with all there is to say of it. */
export interface ShownSetting extends ReadSetting {
  readonly name: string;
  readonly setting: Setting<unknown>;
}

/** How it is written on the command line; undefined for what is not. */
export function usageOf(name: string, { flag, switch: alone, assigned, placeholder }: Setting<unknown>): string | undefined {
  if (flag !== undefined) return alone === true ? `--${flag}` : `--${flag} ${placeholder}`;
  return assigned === true ? `--set ${name}=${placeholder}` : undefined;
}

/** For people. */
export const configText = (settings: readonly ShownSetting[]): string =>
  `${settings.map(paragraph).join('\n')}\nsignalbox config --file writes these as a file for --config.\n`;

function paragraph({ name, setting, value, source, named }: ShownSetting): string {
  const { about, allowed, byDefault, reloads, secret, variable } = setting;
  const shown = value === undefined ? 'is not set' : `= ${secret === true ? '(hidden)' : written(value)}`;
  const origin = source === 'default' ? (value === undefined ? '' : '  (default)') : `  (${originOf(named, source)})`;
  const usage = usageOf(name, setting);
  const ways = usage === undefined ? variable : `${usage}, or ${variable}`;
  const lines = [
    about,
    `${ways}. Allowed: ${allowed}.${byDefault === undefined ? '' : ` Default: ${byDefault}.`}`,
    reloads === true ? 'A reload applies it.' : 'It takes a restart.',
  ];
  return `${name} ${shown}${origin}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

/** What stands in brackets behind a name. */
const originOf = (named: string, source: string): string => /\(([^()]*)\)$/.exec(named)?.[1] ?? source;

/** For programs. A secret has no value, and says whether it is set. */
export function configJson(settings: readonly ShownSetting[]): string {
  const entries = settings.map(({ name, setting, value, source, named }) => ({
    name,
    about: setting.about,
    ...(setting.secret === true ? { secret: true, isSet: value !== undefined } : value !== undefined && { value }),
    source,
    ...(source !== 'default' && { where: originOf(named, source) }),
    ...(setting.flag !== undefined && { flag: `--${setting.flag}` }),
    variable: setting.variable,
    ...(setting.byDefault !== undefined && { default: setting.byDefault }),
    allowed: setting.allowed,
    reloads: setting.reloads === true,
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
