import type { NewEntry } from "#audit";
import { type Configuration, readConfiguration } from "#config";
import { GatehouseError, messageOf } from "#lib/errors";
import type { Logger } from "#telemetry";
import { configurationProblems } from "./configuration-checks.ts";
import {
  type ConfigurationChange,
  changeOf,
  configurationDigest,
  endingsOf,
} from "./configuration-sections.ts";
import { type LiveSet, openLiveSet, type Parsed, type Watch } from "./live-set.ts";

/** What a change needs, read and built, and not yet in force. */
export interface PreparedChange {
  /** What goes on record with it. */
  readonly entries: readonly NewEntry[];
  /** In one turn, so that no call sees half of it. */
  commit(): void;
  /** What has to end because of the change. */
  afterwards(): Promise<void>;
  discard(): void;
}

export interface LiveConfigurationParts {
  /** gatehouse.yaml. */
  readonly file: string;
  /** What the server was started with. */
  readonly inForce: () => Configuration;
  readonly prepare: (change: ConfigurationChange) => Promise<PreparedChange>;
  readonly record: (entry: NewEntry) => Promise<void>;
  readonly log: Logger;
}

/**
 * Follows the configuration file. A changed one is checked as a whole, with every file it names; then what can change takes
 * effect at once, on record before it does, and what cannot is named. One with a mistake changes nothing, and that is on
 * record too.
 */
export function openLiveConfiguration(
  parts: LiveConfigurationParts,
  watch?: Watch,
): Promise<LiveSet<Configuration>> {
  const { file, record, log } = parts;
  return openLiveSet<Configuration>(
    {
      name: "configuration",
      paths: [file],
      parse: async ([document]) => checked(file, document?.text ?? ""),
      onReplaced: (written) => replace(written, parts),
      onRefused: async (problems) => {
        log.error({ problems }, "changed configuration refused; the old one stays in force");
        await record({ kind: "config.refused", detail: { file, problems: problems.slice(0, 20) } });
      },
    },
    watch,
  );
}

async function checked(file: string, text: string): Promise<Parsed<Configuration>> {
  try {
    const value = readConfiguration(file, text);
    const problems = await configurationProblems(value);
    return problems.length === 0 ? { kind: "parsed", value } : { kind: "refused", problems };
  } catch (error) {
    if (error instanceof GatehouseError) return { kind: "refused", problems: error.message.split("\n") };
    throw error;
  }
}

async function replace(written: Configuration, parts: LiveConfigurationParts): Promise<void> {
  const { file, inForce, record, log } = parts;
  const change = changeOf(inForce(), written);
  const { effective, changed, needsRestart } = change;
  const prepared = await parts.prepare(change);
  const digest = configurationDigest(effective);
  const { issuers, machines } = endingsOf(inForce(), effective);
  const ends = [...issuers.map(({ issuer }) => issuer), ...machines];
  const detail = { file, digest, sections: [...changed], needsRestart: [...needsRestart], ends };
  try {
    for (const entry of [{ kind: "config.change" as const, detail }, ...prepared.entries])
      await record(entry);
  } catch (error) {
    prepared.discard();
    throw error;
  }
  prepared.commit();
  log.info({ digest, sections: changed }, "configuration in force");
  if (needsRestart.length > 0) {
    log.warn({ sections: needsRestart }, "these sections of the configuration need a restart to take effect");
  }
  await prepared.afterwards().catch((error: unknown) => {
    const message = `The change is in force, but what it ends could not be ended, and is tried again: ${messageOf(error)}`;
    throw new GatehouseError("change_unfinished", message, { cause: error });
  });
}
