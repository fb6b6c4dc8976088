/** Whether two types are one and the same: `any` is only `any`, and an optional property is not a required one. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Does not compile where two types differ. */
export function is<A, B>(..._difference: Same<A, B> extends true ? [] : ['these differ', A, B]): void {}
