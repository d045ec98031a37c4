import type { DataKey } from "./data-key.ts";

/**
 * An opened key and whoever uses it just now. It is lent for the length of one synchronous act and never given away, so
 * that it is known when its bytes can be overwritten: at once when it was destroyed, after its last user when it has to go
 * for want of room. (A verification moves copies to the thread that opens for it, which overwrites each after one batch; whoever
 * verifies is a command of its own, and destroys nothing.)
 */
export class LentKey {
  readonly id: string;
  readonly opening: Promise<DataKey>;
  #users = 0;
  #afterwards: (() => void) | undefined;

  constructor(id: string, opening: Promise<DataKey>) {
    this.id = id;
    this.opening = opening;
  }

  /** Rejects as the opening does, and with what `act` throws. */
  async use<T>(act: (key: DataKey) => T): Promise<T> {
    this.#users += 1;
    try {
      return act(await this.opening);
    } finally {
      this.#users -= 1;
      this.#endUnlessUsed();
    }
  }

  /** Overwrites it at once; whoever holds it gets `audit_key_erased`. */
  destroy(): void {
    this.opening.then(
      (key) => key.forget(),
      () => undefined,
    );
  }

  /** Overwrites it as soon as nobody uses it, then calls `afterwards`. Nobody may begin to use it from now on. */
  letGo(afterwards: () => void): void {
    this.#afterwards = afterwards;
    this.#endUnlessUsed();
  }

  #endUnlessUsed(): void {
    const afterwards = this.#afterwards;
    if (afterwards === undefined || this.#users > 0) return;
    this.destroy();
    afterwards();
  }
}
