/**
 * Where to go after signing in: one of our own pages, or the first one. A list of what is allowed, since browsers find
 * other hosts in more spellings (`//`, `/\`, tabs, dots) than anybody can forbid.
 */
export function localReturnPath(wanted: unknown): string {
  return typeof wanted === "string" && /^\/(device|approvals(\/apr_[A-Za-z0-9]{1,64})?)?$/.test(wanted)
    ? wanted
    : "/";
}
