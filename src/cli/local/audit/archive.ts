import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Settings } from "../../settings.ts";
import { type StoredPlace, storedPlace } from "./log-place.ts";
import { verifierKey } from "./verifier-key.ts";

const options = z.object({ config: z.string(), check: z.boolean().optional() });

/**
 * `gatehouse audit archive`: brings the write-once bucket of the configuration up to the newest checkpoint, beside a running
 * server or without one. The server does so by itself every minute; this is for the first copy, and for cron.
 */
export function addArchiveCommand(audit: Command, { add, action }: CommandTools): void {
  add(audit, "archive", "copy the log to the write-once bucket of the configuration (archive:)")
    .requiredOption("--config <file>", "configuration file, with archive: and the data folder")
    .option("--check", "only look whether the bucket is locked")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { config, check } = options.parse(command.opts());
        await using opened = new AsyncDisposableStack();
        const { loadConfiguration } = await import("#config");
        const configuration = loadConfiguration(config);
        if (configuration.archive === undefined) {
          throw new GatehouseError(
            "usage_invalid",
            `${config} has no archive: section; docs/configuration.md says what goes there.`,
          );
        }
        const { configuredBucket } = await import("../../../composition/archive.ts");
        const { requireLocked } = await import("#archive");
        const bucket = configuredBucket(configuration.archive, opened);
        const lock = await requireLocked(bucket);
        const said =
          check === true
            ? { place: bucket.place, lock }
            : { place: bucket.place, lock, ...(await copy(storedPlace(configuration), bucket)) };
        say(said, settings);
      }),
    );
}

const examples = `
Examples:
  gatehouse audit archive --config gatehouse.yaml
  gatehouse audit archive --config gatehouse.yaml --check
  gatehouse audit verify s3://audit-copy/gatehouse/ --key log.vkey

Exit status: 0 the bucket is locked, and holds the log up to its newest checkpoint; 1 it is not, or does not.`;

type Bucket = Parameters<typeof import("#archive").requireLocked>[0];

/** Progress is not kept: that is the server's, which owns the database. Everything is offered again and found there. */
async function copy(place: StoredPlace, bucket: Bucket): Promise<{ size: number; written: number }> {
  const { archive } = await import("#archive");
  const { systemClock: clock } = await import("#lib/clock");
  const { withStoredLog } = await import("./stored.ts");
  const store = { sizeAt: async () => 0, largestSize: async () => 0, reached: async () => undefined };
  const { verifier } = verifierKey(undefined, place);
  return withStoredLog(place, ({ published }) => archive({ bucket, log: published, verifier, store, clock }));
}

function say(
  said: { place: string; lock: string; size?: number; written?: number },
  { terminal, isJson }: Settings,
): void {
  const { place, lock, size, written } = said;
  const words =
    size === undefined
      ? `${place} is locked: ${lock}.`
      : `${place} holds ${size} entries (${lock}); ${written} objects are new.`;
  terminal.out(isJson ? printableJson(said) : printable(words));
}
