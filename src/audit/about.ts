import { z } from "zod";
import type { NewEntry } from "./entry.ts";

/** Whom and what an entry is about, for finding it; kept beside the log, and erasable. */
export interface About {
  /** Who acted: of a vote whoever voted, of a stop whoever stopped it. Lower case. */
  readonly principal?: string;
  readonly agent?: string;
  readonly resource?: string;
}

const text = z.string().optional().catch(undefined);
/** The names under which details say who and what. */
const detailShape = z
  .looseObject({
    principal: z.union([z.string(), z.looseObject({ email: text, subject: text })]).optional(),
    email: text,
    subject: text,
    by: text,
    requester: text,
    agent: text,
    resource: text,
  })
  .catch({});

/** What the detail says, or the entry's writer beside it; the store adds what it knows of the session. */
export function aboutOf({ detail, resource: given }: NewEntry): About {
  const said = detailShape.parse(detail ?? {});
  const { principal, email, subject, by, requester, agent, resource = given } = said;
  const named = typeof principal === "string" ? principal : (principal?.email ?? principal?.subject);
  const name = named ?? email ?? subject ?? by ?? requester;
  return {
    ...(name === undefined ? {} : { principal: name.toLowerCase() }),
    ...(agent === undefined ? {} : { agent }),
    // A listing of projects is about no resource in particular.
    ...(resource === undefined || resource === "" ? {} : { resource }),
  };
}
