import type { Command } from "commander";
import { type CommandTools, facts, table } from "#cli";
import { parseCallLine } from "./call-line.ts";

/** `gatehouse catalogue`: what Gatehouse knows of Google's methods, and what it would make of a call. */
export function addCatalogueCommand(program: Command, { add, action, terminal }: CommandTools): void {
  const catalogue = add(program, "catalogue", "look up Google's methods as Gatehouse knows them");
  add(catalogue, "match <call>", "what Gatehouse makes of a call, e.g. 'GET https://…'")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse catalogue match 'DELETE https://storage.googleapis.com/storage/v1/b/bucket'",
    )
    .action(
      action(async ({ isJson }, command) => {
        const { loadCatalogue } = await import("#catalogue");
        const text = command.processedArgs.map(String)[0] ?? "";
        const found = describeCall(loadCatalogue().understand(parseCallLine(text)));
        terminal.out(
          isJson
            ? JSON.stringify({ input: text, ...found })
            : facts(Object.entries(found).map(([name, value]) => [name, String(value)])),
        );
        return found.operation === null ? 1 : 0;
      }),
    );
  add(catalogue, "search <text>", "operations whose id or alias contains a text")
    .addHelpText("after", "\nExamples:\n  gatehouse catalogue search secrets.versions")
    .action(
      action(async ({ isJson }, command) => {
        const { loadCatalogue } = await import("#catalogue");
        const text = (command.processedArgs.map(String)[0] ?? "").toLowerCase();
        const found = [...loadCatalogue().operations()].filter(({ id, aliases }) =>
          [id, ...aliases].some((name) => name.toLowerCase().includes(text)),
        );
        const rows = found.map(({ id, version, class: riskClass, flags, aliases }) => ({
          id,
          version,
          class: riskClass,
          flags,
          aliases,
        }));
        terminal.out(
          isJson
            ? JSON.stringify(rows)
            : table(
                ["OPERATION", "VERSION", "CLASS", "ALIASES"],
                rows.map((row) => [row.id, row.version, row.class, row.aliases.join(" ")]),
              ),
        );
        return found.length > 0 ? 0 : 1;
      }),
    );
}

function describeCall(understanding: ReturnType<import("#catalogue").Catalogue["understand"]>) {
  switch (understanding.kind) {
    case "call": {
      const { operation, resource } = understanding.call;
      return {
        operation: operation.id,
        class: operation.class,
        resource: resource.name,
        project: resource.project ?? null,
        flags: operation.flags.join(" "),
        reason: operation.classReason,
      };
    }
    case "session_url":
      return {
        operation: null,
        class: "unknown",
        reason: "a URL that carries its own permission: only good if it was issued through Gatehouse",
      };
    case "unknown":
      return { operation: null, class: "unknown", reason: `${understanding.code}: ${understanding.detail}` };
  }
}
