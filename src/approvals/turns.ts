/** Lets what concerns one id happen one after the other, so that its facts reach the log in order. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<Result>(id: string, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#last.set(id, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(id) === mine) this.#last.delete(id);
    }
  }

  /** Resolves when everything under way has ended, well or badly. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }
}
