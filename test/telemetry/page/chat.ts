import { defineHub, method } from 'signalbox';
import { z } from 'zod';

/** The hub of docs/telemetry.md. */
export const chat = defineHub()({
  name: 'Chat',
  methods: { echo: method([z.string()], (_, text) => text) },
});
