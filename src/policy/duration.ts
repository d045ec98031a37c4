const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `12h`, `2d` in milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,6})([smhd])$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2];
  const unitMs = unit === "s" || unit === "m" || unit === "h" || unit === "d" ? units[unit] : undefined;
  return unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}

/**
 * `2027-01-31` (to the end of that day, UTC) or an RFC 3339 time with its offset; `undefined` for anything else,
 * days that do not exist included.
 */
export function parseEndDate(text: string): Date | undefined {
  const dayOnly = /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (!dayOnly && !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  // Date accepts 30 February and makes it March.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text.slice(0, 10)) return undefined;
  const end = dayOnly ? new Date(day.getTime() + units.d) : new Date(text);
  return Number.isNaN(end.getTime()) ? undefined : end;
}
