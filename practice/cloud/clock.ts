/** The practice cloud's only source of time, so that tests can make an hour pass. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
