import { z } from "zod";
import type { Principal } from "#identity";
import type { SqlValue } from "./database.ts";
import { foldedName } from "./findable-name.ts";

/** The columns by which sessions and logins say whose they are. */
export const principalColumns = "principal_id, issuer, subject, email, groups";
/** What is written of them: also the name by which they are found. */
export const insertedPrincipalColumns = `${principalColumns}, folded_name`;

/** In the order of `insertedPrincipalColumns`. */
export function principalValues({ id, issuer, subject, email, groups }: Principal): readonly SqlValue[] {
  return [id, issuer, subject, email ?? null, JSON.stringify(groups), foldedName(email ?? subject)];
}

export const principalRow = {
  principal_id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  groups: z.string(),
};

const names = z.array(z.string());

export function parsePrincipal(row: z.infer<z.ZodObject<typeof principalRow>>): Principal {
  return {
    id: row.principal_id,
    issuer: row.issuer,
    subject: row.subject,
    email: row.email ?? undefined,
    groups: names.parse(JSON.parse(row.groups)),
  };
}

/**
 * Rows of one principal, meant by id or e-mail. An address in whatever case: who has to stop somebody in a hurry must not be
 * told that nobody of that name is there. It may take in more than was meant, and never less.
 */
export function ofPrincipal(principal: string): readonly [condition: string, values: readonly SqlValue[]] {
  const isMeant = "(principal_id = ? OR (email IS NOT NULL AND folded_name = ?))";
  return [isMeant, [principal, foldedName(principal)]];
}
