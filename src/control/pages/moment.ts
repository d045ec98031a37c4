/** UTC to the second, so that two people speak of the same moment. */
export function utc(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `26 m 38 s` until then; "over" once it is. */
export function leftUntil(moment: Date, now: Date): string {
  const seconds = Math.floor((moment.getTime() - now.getTime()) / 1000);
  if (seconds <= 0) return "over";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} m` : `${minutes} m ${seconds % 60} s`;
}
