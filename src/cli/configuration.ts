import { readConfigFile, noConfigFile, type ConfigFile } from './config-file.ts';
import type { CommandLine } from './command-line.ts';
import { allSettings, serveSettings } from './serve-settings.ts';
import { noSources, readSettings, type Reading } from './setting-reading.ts';
import { unknownVariables, withoutServiceLinks } from './unknown-variables.ts';

/** Every setting with its value, where it comes from, and what is wrong. */
export interface Configuration extends Reading<typeof allSettings> {
  /** Variables of the environment that look like settings, and are none. */
  readonly strangers: readonly string[];
}

/** Reads the settings from where they can be: the command line, the environment, and the file that one of these names. Never throws. */
export async function readConfiguration(line: CommandLine, given: NodeJS.ProcessEnv): Promise<Configuration> {
  const environment = withoutServiceLinks(given);
  const { flags, assignments } = line;
  const where = readSettings({ config: serveSettings.config }, { ...noSources, flags, environment });
  const file = where.values.config === undefined ? noConfigFile : await fileOf(where.values.config, where.named('config'));
  const reading = readSettings(allSettings, { flags, assignments, environment, file });
  const { problems, strangers } = unknownVariables(allSettings, environment);
  return { ...reading, problems: [...line.problems, ...problems, ...file.problems, ...reading.problems], strangers };
}

async function fileOf(path: string, named: string): Promise<ConfigFile> {
  try {
    return await readConfigFile(path, allSettings);
  } catch (error) {
    return { ...noConfigFile, problems: [`${named}. It can't be read: ${(error as Error).message}.`] };
  }
}
