import { expect, test } from 'vitest';
import { transportOf } from '../../src/app-server/relayed-request.ts';

test.each(['webSockets', 'serverSentEvents', 'longPolling'])('a client came by %s where the service says so', (transport) => {
  expect(transportOf(new Map([['Asrs-Client-Transport', [transport]]]))).toBe(transport);
});

test('a client of a service that does not say so is taken for a WebSocket, which is pinged', () => {
  expect(transportOf(new Map())).toBe('webSockets');
  expect(transportOf(new Map([['Asrs-Client-Transport', ['smoke signals']]]))).toBe('webSockets');
});
