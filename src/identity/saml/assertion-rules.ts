import { limits } from "#lib/limits";
import { requireIssuer } from "./response-rules.ts";
import { demand, only } from "./rule.ts";
import { childrenNamed, isNamed, type XmlElement } from "./xml-document.ts";

/** What a verified assertion says, with everything checked that makes it ours and now. */
export interface SoundAssertion {
  readonly id: string;
  readonly nameId: { readonly value: string; readonly format: string };
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** When the person was there (SAML Core section 2.7.2). */
  readonly authenticatedAt: Date;
  /** The same assertion must not count again before this. */
  readonly countsUntil: Date;
}

export interface ExpectedAssertion {
  readonly issuer: string;
  readonly entityId: string;
  readonly consumerUrl: string;
  readonly requestId: string;
  readonly now: Date;
}

/**
 * Reads an assertion whose signature was verified (SAML Core section 2.3.3, Profiles section 4.1.4.2). Each element that
 * the profile asks for must be there, once, and mean us. Throws `RuleBroken`.
 */
export function readAssertion(assertion: XmlElement, expected: ExpectedAssertion): SoundAssertion {
  demand(isNamed(assertion, "assertion", "Assertion"), "not an Assertion");
  demand(assertion.attributes.get("Version") === "2.0", "not an assertion of SAML 2.0");
  const id = assertion.attributes.get("ID") ?? "";
  demand(id !== "" && id.length <= limits.samlIdCharsMax, "an assertion without a usable ID");
  requireIssuer(assertion, expected.issuer, "Assertion");
  const issuedAt = instantOf(assertion, "IssueInstant");
  demand(!isAhead(issuedAt, expected.now), "IssueInstant in the future");
  const subject = only(childrenNamed(assertion, "assertion", "Subject"), "Subject");
  const countsUntil = requireConfirmation(subject, expected);
  requireConditions(assertion, expected);
  return {
    id,
    nameId: readNameId(subject, expected),
    attributes: readAttributes(assertion),
    authenticatedAt: readAuthentication(assertion, expected.now),
    countsUntil,
  };
}

/** The bearer confirmation: to us, in answer to our request, not for long. Returns when it ends. */
function requireConfirmation(subject: XmlElement, expected: ExpectedAssertion): Date {
  const confirmation = only(
    childrenNamed(subject, "assertion", "SubjectConfirmation"),
    "SubjectConfirmation",
  );
  const method = confirmation.attributes.get("Method");
  demand(method === "urn:oasis:names:tc:SAML:2.0:cm:bearer", `confirmation method ${method ?? "missing"}`);
  const data = only(
    childrenNamed(confirmation, "assertion", "SubjectConfirmationData"),
    "SubjectConfirmationData",
  );
  const recipient = data.attributes.get("Recipient");
  demand(recipient === expected.consumerUrl, `Recipient ${recipient ?? "missing"}`);
  const inResponseTo = data.attributes.get("InResponseTo");
  demand(inResponseTo === expected.requestId, `confirmation InResponseTo ${inResponseTo ?? "missing"}`);
  requireStarted(data, "NotBefore", expected.now);
  const endsAt = instantOf(data, "NotOnOrAfter");
  demand(!isOver(endsAt, expected.now), "the confirmation has expired");
  return new Date(endsAt.getTime() + limits.tokenSkewMs);
}

const knownConditions: readonly string[] = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];

/** SAML Core section 2.5.1: every audience restriction has to name us, and an unknown condition makes it invalid. */
function requireConditions(assertion: XmlElement, { entityId, now }: ExpectedAssertion): void {
  const conditions = only(childrenNamed(assertion, "assertion", "Conditions"), "Conditions");
  requireStarted(conditions, "NotBefore", now);
  if (conditions.attributes.has("NotOnOrAfter")) {
    demand(!isOver(instantOf(conditions, "NotOnOrAfter"), now), "the assertion has expired");
  }
  for (const condition of conditions.children) {
    demand(knownConditions.includes(condition.name), `unknown condition ${condition.name}`);
  }
  const restrictions = childrenNamed(conditions, "assertion", "AudienceRestriction");
  demand(restrictions.length > 0, "no AudienceRestriction");
  for (const restriction of restrictions) {
    const audiences = childrenNamed(restriction, "assertion", "Audience").map(({ text }) => text);
    demand(audiences.includes(entityId), `audience ${audiences.join(", ")}`);
  }
}

/** Readable, about one person, and not qualified for somebody else (SAML Core section 2.2.2). */
function readNameId(subject: XmlElement, { entityId }: ExpectedAssertion): SoundAssertion["nameId"] {
  demand(childrenNamed(subject, "assertion", "EncryptedID").length === 0, "an encrypted NameID");
  const nameId = only(childrenNamed(subject, "assertion", "NameID"), "NameID");
  const qualifier = nameId.attributes.get("SPNameQualifier");
  demand(qualifier === undefined || qualifier === entityId, `SPNameQualifier ${qualifier}`);
  return {
    value: visibleText(nameId, "NameID"),
    format: nameId.attributes.get("Format") ?? "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
  };
}

/** White space around a name is the printer's, not the person's; what no screen shows could make two people look alike. */
function visibleText(element: XmlElement, what: string): string {
  demand(element.children.length === 0, `${what} with elements in it`);
  const text = element.text.trim();
  demand(/^\P{C}+$/u.test(text), `${what} is empty or holds what no screen shows`);
  demand(text.length <= limits.subjectCharsMax, `${what} is too long`);
  return text;
}

function readAttributes(assertion: XmlElement): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const statements = childrenNamed(assertion, "assertion", "AttributeStatement");
  for (const attribute of statements.flatMap((each) => childrenNamed(each, "assertion", "Attribute"))) {
    const name = attribute.attributes.get("Name") ?? "";
    demand(name !== "", "an attribute without a name");
    // The library lets the last one win, others the first.
    demand(!found.has(name), `two attributes ${name}`);
    const values = childrenNamed(attribute, "assertion", "AttributeValue");
    // Structured values are not for us; reading half of one would be worse than not reading it.
    const plain = values.filter(({ children }) => children.length === 0);
    found.set(
      name,
      plain.map(({ text }) => text.trim()),
    );
  }
  return found;
}

function readAuthentication(assertion: XmlElement, now: Date): Date {
  const statement = only(childrenNamed(assertion, "assertion", "AuthnStatement"), "AuthnStatement");
  const authenticatedAt = instantOf(statement, "AuthnInstant");
  demand(!isAhead(authenticatedAt, now), "AuthnInstant in the future");
  if (statement.attributes.has("SessionNotOnOrAfter")) {
    demand(!isOver(instantOf(statement, "SessionNotOnOrAfter"), now), "the provider's session is over");
  }
  return authenticatedAt;
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** SAML Core section 1.3.3. Without a time zone nobody can say when it is. */
function instantOf({ attributes }: XmlElement, name: string): Date {
  const text = attributes.get(name);
  const instant = new Date(text !== undefined && dateTime.test(text) ? text : Number.NaN);
  demand(!Number.isNaN(instant.getTime()), `${name} ${text ?? "missing"}`);
  return instant;
}

function requireStarted(element: XmlElement, name: string, now: Date): void {
  if (element.attributes.has(name)) demand(!isAhead(instantOf(element, name), now), `${name} in the future`);
}

function isAhead(instant: Date, now: Date): boolean {
  return instant.getTime() > now.getTime() + limits.tokenSkewMs;
}

function isOver(end: Date, now: Date): boolean {
  return now.getTime() >= end.getTime() + limits.tokenSkewMs;
}
