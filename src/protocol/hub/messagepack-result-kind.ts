/** The fourth item of a completion: what the fifth is. */
export const ResultKind = { error: 1, none: 2, result: 3 } as const;
