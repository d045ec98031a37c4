/** Resolves at the first SIGINT or SIGTERM, rejects when the server cannot go on. A second signal ends the process. */
export function untilSignal(failed: Promise<never>): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    const stop = (): void => {
      process.once("SIGINT", () => process.exit(130));
      process.once("SIGTERM", () => process.exit(143));
      resolve();
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
  return Promise.race([signalled, failed]);
}
