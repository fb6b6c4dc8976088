import { clientLoadsNothing, importsGoDown, noCycles, packagesStayInPlace, protocolsArePure } from './floors.ts';
import { dependenciesAreExplained, exportsExist, lockIsWhole } from './manifest.ts';
import { foldersAreTested } from './mirror.ts';
import { modulesParse } from './modules.ts';
import { namesSayWhat, speaksOfItself } from './names.ts';
import { compatibilityIsTested, limitsAreTrue, mapShowsFloors, pagesAreTrue } from './pages.ts';
import { filesAreShort, functionsAreShort } from './sizes.ts';
import type { Rule } from './tree.ts';

/** The rules of the house. Each says where it is broken; `rules.test.ts` shows that each can. */
export const rules = {
  'modules parse': modulesParse,
  'imports go down, or stay in their folder': importsGoDown,
  'no import cycles, types included': noCycles,
  'each package is imported by the one folder that needs it': packagesStayInPlace,
  'protocols are pure': protocolsArePure,
  'the client loads nothing': clientLoadsNothing,
  'files are short': filesAreShort,
  'functions are short': functionsAreShort,
  'names say what a thing is': namesSayWhat,
  'the project speaks of itself alone': speaksOfItself,
  'every folder of src has tests': foldersAreTested,
  'what is exported exists': exportsExist,
  'ARCHITECTURE.md shows every floor': mapShowsFloors,
  'docs/dependencies.md explains every dependency': dependenciesAreExplained,
  'the lock file is whole': lockIsWhole,
  'SECURITY.md gives every limit as it is': limitsAreTrue,
  'pages of compatibility link to tests that exist': compatibilityIsTested,
  'pages name scripts and files that exist': pagesAreTrue,
} as const satisfies Record<string, Rule>;
