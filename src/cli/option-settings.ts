import type { Option, OptionTable } from '../base/option-table.ts';
import { clientDefaults } from '../service/endpoints.ts';
import { serviceOptions } from '../service/options.ts';
import { connectionOptions } from '../transport/options.ts';
import { optionDescriptions } from './option-descriptions.ts';
import { written, type Setting, type SettingTable } from './setting.ts';

/** An option as a table of options has it. */
export interface TableOption {
  /** `clients.webSockets.closeTimeout` */
  readonly name: string;
  readonly option: Option<unknown>;
  /** Its default here. */
  readonly byDefault: unknown;
}

/** Those that a running service keeps: what its limits count by, what the WebSocket library, the meter and the nodes of a service were told when they were made. */
const KEPT = /^(?:service\.limits\.|service\.metering\.|service\.nodes\.|service\.maximumServerMessageSize$|clients\.webSockets\.)/;
/** Options that are functions only, and those that have a setting of their own. */
const LEFT_OUT = new Set(['clients.webSockets.subProtocol', 'service.trustForwardedFor']);
/** What a default does that is a function. */
const ANY_ORIGIN = 'pages of every origin';

/** The options of the service that are settings, by their names in the file. */
export const settableOptions: readonly TableOption[] = [
  ...optionsOf(serviceOptions, 'service.', {}),
  ...optionsOf(connectionOptions, 'clients.', clientDefaults),
].filter(({ name }) => !LEFT_OUT.has(name));

function optionsOf(table: OptionTable, prefix: string, defaults: object): readonly TableOption[] {
  return Object.entries(table).flatMap(([name, entry]) => {
    const own = (defaults as Readonly<Record<string, unknown>>)[name];
    return isOption(entry)
      ? [{ name: prefix + name, option: entry, byDefault: own === undefined ? entry.byDefault : own }]
      : optionsOf(entry, `${prefix}${name}.`, own ?? {});
  });
}

function isOption(entry: Option<unknown> | OptionTable): entry is Option<unknown> {
  return typeof entry['accepts'] === 'function';
}

/** The settings that are options of the service: made of its option tables, so that there is one for each. */
export const optionSettings: SettingTable = Object.fromEntries(settableOptions.map((entry) => [entry.name, settingOf(entry)]));

function settingOf({ name, option, byDefault }: TableOption): Setting<unknown> {
  const allowed = option.expected.replace(/, or a function(?=,)| a function or/, '');
  const isFunction = typeof byDefault === 'function';
  return {
    assigned: true,
    variable: variableOf(name),
    placeholder: '<value>',
    about: `${optionDescriptions[name] ?? ''}${isFunction ? ` Default: ${ANY_ORIGIN}.` : ''}`,
    ...(!isFunction && { byDefault: written(byDefault) }),
    allowed,
    parse: (text) => meanings(text).find((value) => option.accepts(value)),
    take: (value) => (option.accepts(value) ? value : undefined),
    ...(!KEPT.test(name) && { reloads: true }),
  };
}

/** `SIGNALBOX_CLIENTS_WEB_SOCKETS_CLOSE_TIMEOUT` */
function variableOf(name: string): string {
  const words = name.replaceAll('.', '_').replaceAll(/[a-z](?=[A-Z])/g, '$&_');
  return `SIGNALBOX_${words.toUpperCase()}`;
}

/** What a text can mean; which of it, the option knows. */
function meanings(text: string): readonly unknown[] {
  if (text === 'true' || text === 'false') return [text === 'true', text];
  if (text === 'null') return [null];
  if (text.startsWith('{')) return objects(text);
  const number = /^-?\d+(?:\.\d+)?$/.test(text) ? [Number(text)] : [];
  return [...number, text, text.split(',').map((part) => part.trim())];
}

/** An object of JSON, if that is what it is. */
function objects(text: string): readonly unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

/** The options among values of settings, as `Service` takes them: `{ service: …, clients: … }`. */
export function nestedOptions(values: ReadonlyMap<string, unknown>): { readonly service: object; readonly clients: object } {
  const nested = { service: {}, clients: {} };
  for (const { name } of settableOptions) {
    const value = values.get(name);
    if (value !== undefined) place(nested, name.split('.'), value);
  }
  return nested;
}

function place(group: Record<string, unknown>, [name = '', ...inner]: readonly string[], value: unknown): void {
  if (inner.length === 0) group[name] = value;
  else place((group[name] ??= {}) as Record<string, unknown>, inner, value);
}
