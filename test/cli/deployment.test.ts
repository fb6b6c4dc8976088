import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { serveSettings } from '../../src/cli/serve-settings.ts';
import { findingsOf, instructionsOf, type Surroundings } from './dockerfile.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(project, path), 'utf8');
const { bin } = JSON.parse(read('package.json')) as { bin: { signalbox: string } };

const dockerfile = read('deploy/container/Dockerfile');
const around: Surroundings = {
  exists: (path) => existsSync(join(project, path)),
  ignored: read('.dockerignore'),
  flags: new Set(Object.values(serveSettings).flatMap((setting) => ('flag' in setting ? [setting.flag] : []))),
  variables: new Set(Object.values(serveSettings).map(({ variable }) => variable)),
  program: bin.signalbox.slice(1),
};

describe('the container file', () => {
  test('copies what exists, runs the service without a shell, and not as root', () => {
    expect(instructionsOf(dockerfile).map(({ word }) => word)).toContain('HEALTHCHECK');
    expect(findingsOf(dockerfile, around)).toEqual([]);
  });

  test.each([
    ['COPY src ./src', 'COPY source ./src', 'source is copied and does not exist.'],
    ['COPY src ./src', 'COPY docs ./docs', 'docs is copied and left out by .dockerignore.'],
    ['--from=build', '--from=builder', 'There is no stage builder.'],
    ['USER 1000:1000\n', '', "The user is root, and is to be a number that is not root's."],
    ['USER 1000:1000', 'USER 0', "The user is 0, and is to be a number that is not root's."],
    ['STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGKILL', 'It is stopped by SIGKILL.'],
    ['CMD ["serve"]', 'CMD serve', 'CMD is missing, or run by a shell, which keeps signals to itself.'],
    ['CMD ["serve"]', 'CMD ["serve", "--hots=::"]', 'signalbox serve has no --hots=::.'],
    ['dist/cli/main.js"]', 'dist/main.js"]', 'It does not run signalbox serve, but node /app/dist/main.js serve.'],
    ['SIGNALBOX_DATA=', 'SIGNALBOX_DATE=', 'signalbox serve has no SIGNALBOX_DATE.'],
    ['EXPOSE 8888', 'EXPOSE 8080', 'It listens on 8888 and exposes 8080.'],
  ])('with %j changed to %j is found out', (part, instead, finding) => {
    expect(dockerfile).toContain(part);
    expect(findingsOf(dockerfile.replace(part, instead), around)).toContain(finding);
  });
});

describe('the systemd unit', () => {
  const unit = read('deploy/systemd/signalbox.service');
  const given = new Map([...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));

  test('sets only what signalbox serve knows', () => {
    const own = [...given.keys()].filter((name) => name.startsWith('SIGNALBOX_'));
    expect(own.filter((name) => !around.variables.has(name))).toEqual([]);
    expect(own).toContain('SIGNALBOX_DATA');
  });

  test('waits longer than the service takes to stop', () => {
    const [delay, timeout] = ['DELAY', 'TIMEOUT'].map((name) => Number(given.get(`SIGNALBOX_SHUTDOWN_${name}`)));
    const stop = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
    expect(stop * 1_000).toBeGreaterThanOrEqual((delay ?? Number.NaN) + (timeout ?? Number.NaN) + 5_000);
  });
});
