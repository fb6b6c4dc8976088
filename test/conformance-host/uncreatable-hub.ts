import { defineHub } from 'signalbox';
import { invalidOperation } from './named-error.ts';

/** A hub that fails for every connection, in the words of a class whose constructor nobody can satisfy. */
export const uncreatableHub = defineHub()({
  methods: {},
  connected: () => {
    throw invalidOperation(
      "Unable to resolve service for type 'System.Object' while attempting to activate 'FunctionalTests.UncreatableHub'.",
    );
  },
});
