import { forgetSharedBatches } from './batch.ts';

/** Something that has written in this turn of the event loop. */
export interface Writer {
  /** Sends what was written. Called once, when the turn ends. Must not throw. */
  turnEnded(): void;
}

/** Of the whole process, so that a turn costs one callback however many connections wrote in it. */
let writers: Writer[] = [];
let resting: Writer[] = [];

/** Has `writer` told when this turn of the event loop ends: after all that was read in it was dealt with. */
export function atTurnEnd(writer: Writer): void {
  if (writers.length === 0) setImmediate(endTurn);
  writers.push(writer);
}

function endTurn(): void {
  const ended = writers;
  writers = resting;
  for (const writer of ended) writer.turnEnded();
  ended.length = 0;
  resting = ended;
  forgetSharedBatches();
}
