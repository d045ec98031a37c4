import { exchangeId } from "#api";
import { GatehouseError } from "#lib/errors";

/** The id becomes part of a path, so it is what ids are made of and nothing else. */
export function sessionId(text: string | undefined): string {
  if (text !== undefined && /^ses_[A-Za-z0-9]+$/.test(text)) return text;
  const looks = "those look like ses_0199… (gatehouse sessions list)";
  const message =
    text === undefined ? `Name a session; ${looks}.` : `${text} is not the id of a session; ${looks}.`;
  throw new GatehouseError("usage_invalid", message);
}

/** What `--before` names; it becomes part of a path too. */
export function exchangeBefore(text: string | undefined): string | undefined {
  if (text === undefined || exchangeId.safeParse(text).success) return text;
  throw new GatehouseError(
    "usage_invalid",
    `--before ${text} is not the id of an exchange; those look like exc_0199….`,
  );
}
