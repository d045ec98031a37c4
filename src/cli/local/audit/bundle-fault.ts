/** What is wrong with a bundle, and in which of its files. Leaves the nested checks; `verifyBundle` answers with it. */
export class BundleFault extends Error {
  /** As a path in the bundle; hostile, like all that a bundle says. */
  readonly file: string;
  constructor(file: string, problem: string) {
    super(problem);
    this.file = file;
  }
}
