/** Where a log stops being what was signed. Leaves the nested loops of verification, and never leaves this folder. */
export class Broken extends Error {
  readonly index: number | undefined;
  constructor(problem: string, index?: number) {
    super(problem);
    this.index = index;
  }
}
