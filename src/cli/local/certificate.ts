import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { CommandTools } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";

const options = z.object({ out: z.string() });

/** `gatehouse certificate`: TLS for trying out; a company's own certificates come from its own authority. */
export function addCertificateCommand(program: Command, { add, action, terminal }: CommandTools): void {
  add(
    program,
    "certificate <names...>",
    "make a certificate for trying out TLS on this machine; trusted by nobody who was not handed it",
  )
    .requiredOption("--out <folder>", "where tls.crt and tls.key go; a pair that is there already is kept")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse certificate localhost 127.0.0.1 --out tls\n  NODE_EXTRA_CA_CERTS=tls/tls.crt gatehouse whoami --url https://localhost:8440",
    )
    .action(
      action(async ({ isJson }, command) => {
        const { out } = options.parse(command.opts());
        const [first, ...others] = z.array(z.string()).parse(command.processedArgs[0]);
        const files = { certificate: join(out, "tls.crt"), key: join(out, "tls.key") };
        const isKept = existsSync(files.certificate) && existsSync(files.key);
        if (!isKept) await make([nameOf(first), ...others.map(nameOf)], out, files);
        const what = isKept ? "kept" : "made";
        terminal.out(
          isJson ? printableJson({ ...files, what }) : `${files.certificate} and ${files.key}: ${what}.`,
        );
      }),
    );
}

function nameOf(text: string | undefined): string {
  if (text !== undefined && /^[A-Za-z0-9.:-]{1,253}$/.test(text)) return text;
  throw new GatehouseError("usage_invalid", `${text ?? ""} is neither a host name nor an IP address.`);
}

async function make(
  names: readonly [string, ...string[]],
  folder: string,
  files: { readonly certificate: string; readonly key: string },
): Promise<void> {
  const { createTrialCertificate } = await import("#keys");
  const { systemClock } = await import("#lib/clock");
  const { certificate, key } = await createTrialCertificate(names, systemClock);
  mkdirSync(folder, { recursive: true });
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.certificate, certificate);
}
