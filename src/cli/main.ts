#!/usr/bin/env node
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { VERSION } from '../base/version.ts';
import { announcement } from './announcement.ts';
import { readBillOptions } from './bill-options.ts';
import { bill } from './bill.ts';
import { CliError, FAILED, USAGE } from './cli-error.ts';
import { configCommand } from './config-command.ts';
import { billHelp, configHelp, help, serveHelp, tokenHelp } from './help.ts';
import { serveEvents } from './log-events.ts';
import { Reloads } from './reload.ts';
import { readServeOptions } from './serve-options.ts';
import { serve, type RunningService } from './serve.ts';
import { outOfDate } from './tls-files.ts';
import { tokenCommand } from './token-command.ts';

/** Shells and containers add the number of a signal to it. */
const SIGNALLED = 128;

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === 'serve') return runService(args);
  if (command === 'config') return say((await configCommand(args, process.env)) ?? configHelp);
  if (command === 'token') return say((await tokenCommand(args, process.env)) ?? tokenHelp);
  if (command === 'bill') return runBill(args);
  if (command === '--version') return say(`${VERSION}\n`);
  if (command === '--help' || command === '-h' || command === 'help') return say(help);
  throw new CliError(USAGE, command === undefined ? help : `signalbox: there is no command '${command}'.\nSee signalbox --help.`);
}

async function runService(args: readonly string[]): Promise<void> {
  const options = await readServeOptions(args, process.env);
  if (options === undefined) return say(serveHelp);
  // Who reads the log or the announcement may leave before the service does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const service = await serve(options);
  const reloads = new Reloads(service, options, () => readServeOptions(args, process.env));
  endOnSignals(service);
  const hangUp = (): void => {
    // It also says that the terminal is gone in which the service runs.
    if (!process.stdout.isTTY || isatty(STANDARD_OUTPUT)) return void reloads.reload();
    process.off('SIGHUP', hangUp);
    // As it would end without a listener: an exit would put a terminal in order that is not there.
    void service.close().finally(() => process.kill(process.pid, 'SIGHUP'));
  };
  process.on('SIGHUP', hangUp);
  // Who reads it may send a signal at once.
  say(announcement(VERSION, service.url, options));
  for (const variable of options.configuration.strangers) service.log(serveEvents.unknownVariable, { variable });
  const problem = options.tls && outOfDate(options.tls, new Date());
  if (problem !== undefined) service.log(serveEvents.certificateOutOfDate, { problem });
}

function endOnSignals(service: RunningService): void {
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

const STANDARD_OUTPUT = 1;

async function runBill(args: readonly string[]): Promise<void> {
  const options = await readBillOptions(args, process.env);
  if (options === undefined) return say(billHelp);
  const { output, error } = await bill(options);
  process.stderr.write(error);
  say(output);
}

const say = (text: string): void => void process.stdout.write(text);

function fail(error: unknown): void {
  const { message, exitCode } = error instanceof CliError ? error : new CliError(FAILED, `signalbox: ${(error as Error).message}`);
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exitCode = exitCode;
}

main(process.argv.slice(2)).catch(fail);
