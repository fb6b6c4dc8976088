/**
 * One promise of a seam, as a test that any runner can run:
 * `for (const { name, run } of cases) test(name, () => run(subject))`. It rejects when the promise is not kept.
 */
export interface ConformanceCase<Subject> {
  readonly name: string;
  readonly run: (subject: Subject) => Promise<void>;
}
