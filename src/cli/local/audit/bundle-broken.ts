/** The first place where a bundle is not what it says. Leaves the nested checks, and never leaves the verification. */
export class BundleBroken extends Error {
  readonly file: string;
  constructor(file: string, problem: string) {
    super(problem);
    this.file = file;
  }
}
