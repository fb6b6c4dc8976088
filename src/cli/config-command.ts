import { CliError, FAILED } from './cli-error.ts';
import { parseCommandLine } from './command-line.ts';
import { configText, configJson, type ShownSetting } from './config-output.ts';
import { configTemplate } from './config-template.ts';
import { readConfiguration } from './configuration.ts';
import { checkOptions } from './serve-options.ts';
import { allSettings } from './serve-settings.ts';

/**
 * What `signalbox config` prints. Undefined where it asks for help.
 *
 * @throws CliError that names everything that is wrong with the settings
 */
export async function configCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const line = parseCommandLine('config', args, allSettings, { json: { type: 'boolean' }, file: { type: 'boolean' } });
  if (line.flags['help'] === true) return undefined;
  const configuration = await readConfiguration(line, environment);
  const { problems } = await checkOptions(configuration);
  if (problems.length > 0) {
    const lines = problems.map((problem) => `\n  ${problem}`).join('');
    throw new CliError(FAILED, `signalbox serve could not start so:${lines}`, problems);
  }
  const shown: ShownSetting[] = [...configuration.settings].flatMap(([name, read]) => {
    const setting = allSettings[name];
    return setting === undefined ? [] : [{ name, setting, ...read }];
  });
  if (line.flags['json'] === true) return configJson(shown);
  return line.flags['file'] === true ? configTemplate(shown) : configText(shown);
}
