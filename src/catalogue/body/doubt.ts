/**
 * Why a body was not understood. Thrown by everything that reads bodies, caught in one place (refine-by-body.ts), where
 * it leaves the worst case standing. Its message never quotes the body: it goes on record and on approval screens.
 */
export class Doubt extends Error {
  override readonly name = "Doubt";
}

export function doubt(why: string): Doubt {
  return new Doubt(why);
}
