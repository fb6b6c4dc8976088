import { expect, test } from 'vitest';
import { messagesPage } from './messages-page.ts';

test('docs/service-protocol.md is what the table says', async () => {
  await expect(messagesPage).toMatchFileSnapshot('../../../docs/service-protocol.md');
});
