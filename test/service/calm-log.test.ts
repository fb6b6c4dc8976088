import { expect, test } from 'vitest';
import type { LogFields } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { CalmLog } from '../../src/service/calm-log.ts';
import { serviceEvents } from '../../src/service/log-events.ts';

const clock = new FakeClock();
const logged: (LogFields & { readonly id: string })[] = [];
const calm = new CalmLog((event, fields) => void logged.push({ id: event.id, ...fields }), new TimerWheel(clock));
const noServer = (hub: string, connectionId: string): void => calm.write(serviceEvents.noServer, { hub, connectionId });
const taken = (): readonly unknown[] => logged.splice(0);

test('of warnings that a hub has in a second the first and the last are logged, with how many were left out', () => {
  for (let n = 0; n < 10; n++) noServer('chat', `c${n}`);
  noServer('other', 'x');
  calm.write(serviceEvents.tooManyGroups, { hub: 'chat', limit: 1 });
  const id = 'service.no-server';
  expect(taken()).toEqual([
    { id, hub: 'chat', connectionId: 'c0' },
    { id, hub: 'other', connectionId: 'x' },
    { id: 'service.too-many-groups', hub: 'chat', limit: 1 },
  ]);
  clock.advance(1_200);
  expect(taken()).toEqual([{ id, hub: 'chat', connectionId: 'c9', leftOut: 8 }]);
  expect(clock.tasks).toBe(0);
  noServer('chat', 'd0');
  noServer('chat', 'd1');
  clock.advance(1_200);
  expect(taken()).toEqual([
    { id, hub: 'chat', connectionId: 'd0' },
    { id, hub: 'chat', connectionId: 'd1' },
  ]);
});

test('what is no warning is logged each time', () => {
  for (let n = 0; n < 5; n++) calm.write(serviceEvents.clientRefused, { hub: 'chat', reason: 'r' });
  expect(taken()).toHaveLength(5);
  expect(clock.tasks).toBe(0);
});

test('however many hubs there are, what is kept of them is bounded', () => {
  for (let n = 0; n < 5_000; n++) noServer(`hub${n}`, 'c');
  expect(taken()).toHaveLength(1_001);
  calm.flush();
  expect(taken()).toEqual([{ id: 'service.no-server', hub: 'hub4999', connectionId: 'c', leftOut: 3_998 }]);
  clock.advance(1_200);
});
