/** For how many days recordings are kept after a session's end, by the risk class of what happened in it. */
export interface Keep {
  readonly defaultDays: number;
  readonly daysByClass: Readonly<Record<string, number>>;
}

const dayMs = 24 * 60 * 60 * 1000;

/** The longest that any of a session's classes asks for; a session in which nothing was classed is kept as by default. */
export function keptDays({ defaultDays, daysByClass }: Keep, classes: readonly string[]): number {
  const days = classes.map((each) => daysByClass[each] ?? defaultDays);
  return days.length === 0 ? defaultDays : Math.max(...days);
}

/** Sessions that ended after this are not due, whatever their classes. */
export function earliestDue({ defaultDays, daysByClass }: Keep, now: Date): Date {
  return daysBefore(now, Math.min(defaultDays, ...Object.values(daysByClass)));
}

export function daysBefore(now: Date, days: number): Date {
  return new Date(now.getTime() - days * dayMs);
}
