/** Variables to set, and `null` for those to unset. */
export type EnvironmentChanges = Readonly<Record<string, string | null>>;

/** What leads from one environment to the other. */
export function environmentChanges(from: NodeJS.ProcessEnv, to: NodeJS.ProcessEnv): EnvironmentChanges {
  const changes: Record<string, string | null> = {};
  for (const name of Object.keys(from)) if (to[name] === undefined) changes[name] = null;
  for (const [name, value] of Object.entries(to)) {
    if (value !== undefined && value !== from[name]) changes[name] = value;
  }
  return changes;
}

/** Lines for a POSIX shell. Within single quotes nothing is special but the quote itself. */
export function shellLines(changes: EnvironmentChanges): string {
  return Object.entries(changes)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) =>
      value === null ? `unset ${name}` : `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
    )
    .join("\n");
}
