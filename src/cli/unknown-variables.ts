import { nearestName } from './nearest-name.ts';
import type { SettingTable } from './setting.ts';

const OURS = /^SIGNALBOX_[A-Z0-9_]+$/;
/** What Kubernetes gives every container beside a Service called signalbox. */
const OF_KUBERNETES = /^SIGNALBOX_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const LINK = /^(?:tcp|udp):\/\//;

/** What variables of the environment that look like settings, and are none, have to be said of. */
export interface UnknownVariables {
  /** Those that are nearly a setting's, which somebody meant. */
  readonly problems: readonly string[];
  /** The others, which may be anybody's. */
  readonly strangers: readonly string[];
}

export function unknownVariables(table: SettingTable, environment: NodeJS.ProcessEnv): UnknownVariables {
  const known = Object.values(table).map(({ variable }) => variable);
  const problems: string[] = [];
  const strangers: string[] = [];
  for (const name of Object.keys(environment)) {
    if (!OURS.test(name) || known.includes(name) || OF_KUBERNETES.test(name)) continue;
    const near = nearestVariable(name, known);
    if (near === undefined) strangers.push(name);
    else problems.push(`${name} (in the environment) is no setting: did you mean ${near}?`);
  }
  return { problems, strangers };
}

const bare = (variable: string): string => variable.slice('SIGNALBOX_'.length);

/** What they begin with does not make them alike. */
function nearestVariable(name: string, known: readonly string[]): string | undefined {
  const near = nearestName(bare(name), known.map(bare));
  return near === undefined ? undefined : `SIGNALBOX_${near}`;
}

/** The environment without what Kubernetes says of a Service called signalbox by a variable that is a setting: `SIGNALBOX_PORT=tcp://10.0.0.1:80`. */
export function withoutServiceLinks(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { SIGNALBOX_PORT: port, ...others } = environment;
  return port !== undefined && LINK.test(port) ? others : environment;
}
