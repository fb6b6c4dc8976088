import type * as fc from 'fast-check';
import { Arena, type Medium } from './arena.ts';
import type { Property } from './property.ts';

/** Runs a case in an arena, and looks that all is well behind it. */
export type InArena = (run: (arena: Arena) => Promise<void>) => Promise<void>;

/** A property whose cases share a server: one after the other, with a new server behind one that failed. */
export function arenaProperty(
  about: Omit<Property, 'open' | 'chunk'>,
  medium: Medium,
  cases: (inArena: InArena) => fc.IRawProperty<unknown>,
): Property {
  return {
    ...about,
    chunk: 500,
    open: async () => {
      let arena: Arena | undefined;
      const inArena: InArena = async (run) => {
        const mine = (arena ??= await Arena.open(medium));
        try {
          await run(mine);
          await mine.conclude();
        } catch (error) {
          arena = undefined;
          await mine.close();
          throw error;
        }
      };
      return { cases: cases(inArena), close: async () => arena?.close() };
    },
  };
}
