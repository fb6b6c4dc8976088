#!/usr/bin/env node
import { constants } from 'node:os';
import { VERSION } from '../base/version.ts';
import { announcement } from './announcement.ts';
import { CliError, FAILED, USAGE } from './cli-error.ts';
import { help, serveHelp } from './help.ts';
import { readServeOptions } from './serve-options.ts';
import { serve } from './serve.ts';

/** Shells and containers add the number of a signal to it. */
const SIGNALLED = 128;

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === 'serve') return runService(args);
  if (command === '--version') return say(`${VERSION}\n`);
  if (command === '--help' || command === '-h' || command === 'help') return say(help);
  throw new CliError(USAGE, command === undefined ? help : `signalbox: there is no command '${command}'.\nSee signalbox --help.`);
}

async function runService(args: readonly string[]): Promise<void> {
  const options = await readServeOptions(args, process.env);
  if (options === undefined) return say(serveHelp);
  const service = await serve(options);
  say(announcement(VERSION, service.url, options));
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The first process of a container has to end itself: there, a signal without a listener does nothing.
      if (stopping) process.exit(SIGNALLED + constants.signals[signal]);
      stopping = true;
      service.close().catch(fail);
    });
  }
}

const say = (text: string): void => void process.stdout.write(text);

function fail(error: unknown): void {
  const { message, exitCode } = error instanceof CliError ? error : new CliError(FAILED, `signalbox: ${(error as Error).message}`);
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exitCode = exitCode;
}

main(process.argv.slice(2)).catch(fail);
