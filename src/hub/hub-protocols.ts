import { codedError, describe } from '../base/errors.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../protocol/hub/messagepack.ts';

const FORMATS: ReadonlySet<unknown> = new Set(['text', 'binary']);

/**
 * The hub protocols of a host: those of its option `protocols`, or JSON and MessagePack.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for what is no protocol, or none that clients could choose: two of one name, or a
 *   name that is not in lower case
 */
export function hubProtocols(given?: readonly HubProtocol[]): readonly HubProtocol[] {
  if (given === undefined) return [new JsonHubProtocol(), new MessagePackHubProtocol()];
  if (!Array.isArray(given) || given.length === 0) throw invalid('protocols', given, 'a list of hub protocols, not empty');
  const names = new Set<string>();
  for (const [index, protocol] of given.entries()) {
    check(protocol, `protocols[${index}]`);
    const { name } = protocol as HubProtocol;
    if (names.has(name)) throw invalid(`protocols[${index}].name`, name, 'a name that no other of the protocols has');
    names.add(name);
  }
  return [...(given as readonly HubProtocol[])];
}

function check(protocol: unknown, where: string): void {
  if (typeof protocol !== 'object' || protocol === null) throw invalid(where, protocol, 'a hub protocol');
  const { name, version, format, parse, write } = protocol as Readonly<Record<string, unknown>>;
  const isName = typeof name === 'string' && name !== '' && name === name.toLowerCase();
  if (!isName) throw invalid(`${where}.name`, name, 'a name in lower case: case makes no difference to clients');
  if (version !== 1 && version !== 2) throw invalid(`${where}.version`, version, '1 or 2');
  if (!FORMATS.has(format)) throw invalid(`${where}.format`, format, "'text' or 'binary'");
  if (typeof parse !== 'function') throw invalid(`${where}.parse`, parse, 'a function');
  if (typeof write !== 'function') throw invalid(`${where}.write`, write, 'a function');
}

function invalid(option: string, given: unknown, expected: string): Error {
  return codedError('SIGNALBOX_INVALID_OPTION', { option, given: describe(given), expected });
}
