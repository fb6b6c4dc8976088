import { readdirSync } from 'node:fs';
import { describe, test } from 'vitest';
import { Player } from './sessions/player.ts';
import { readTranscript } from './sessions/transcript.ts';

const names = readdirSync(new URL('../vectors/sessions/service/', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

describe.each(names)('with the official SDK, as it was recorded: %s', (name) => {
  const transcript = readTranscript(name);
  test(transcript.about, () => Player.play(transcript));
});
