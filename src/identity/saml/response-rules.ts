import { demand, only } from "./rule.ts";
import { childrenNamed, everyElement, isNamed, type XmlElement } from "./xml-document.ts";

/** What the answer to our request has to name. */
export interface ExpectedResponse {
  readonly issuer: string;
  readonly consumerUrl: string;
  readonly requestId: string;
}

/**
 * What the signature library leaves open about the outer message (SAML Core section 3.2.2, Bindings section 3.5.5.2):
 * that it is for this address, from this provider, an answer to this request, a success, with one readable assertion.
 * Throws `RuleBroken`. It proves nothing by itself: signatures are somebody else's question.
 */
export function requireSoundResponse(root: XmlElement, expected: ExpectedResponse): void {
  demand(isNamed(root, "protocol", "Response"), "not a Response");
  demand(root.attributes.get("Version") === "2.0", "not SAML 2.0");
  const destination = root.attributes.get("Destination");
  demand(destination === expected.consumerUrl, `Destination ${destination ?? "missing"}`);
  const inResponseTo = root.attributes.get("InResponseTo");
  demand(inResponseTo === expected.requestId, `InResponseTo ${inResponseTo ?? "missing"}`);
  requireIssuer(root, expected.issuer, "Response");
  requireSuccess(root);
  demand(childrenNamed(root, "assertion", "EncryptedAssertion").length === 0, "an encrypted assertion");
  only(childrenNamed(root, "assertion", "Assertion"), "Assertion");
  requireDistinctIds(root);
  for (const element of everyElement(root)) {
    if (isNamed(element, "signature", "Signature")) requireSoundSignature(element);
  }
}

/** SAML Core section 2.2.5; byte for byte, as it was configured. */
export function requireIssuer(element: XmlElement, issuer: string, where: string): void {
  const found = only(childrenNamed(element, "assertion", "Issuer"), `Issuer in ${where}`);
  demand(found.children.length === 0 && found.text === issuer, `Issuer of ${where}: ${found.text}`);
}

function requireSuccess(root: XmlElement): void {
  const status = only(childrenNamed(root, "protocol", "Status"), "Status");
  const code = only(childrenNamed(status, "protocol", "StatusCode"), "StatusCode");
  const value = code.attributes.get("Value");
  demand(value === "urn:oasis:names:tc:SAML:2.0:status:Success", `StatusCode ${value ?? "missing"}`);
}

/** A reference names an element by its ID: two of one name, in any spelling of the attribute, are a wrapping attack. */
function requireDistinctIds(root: XmlElement): void {
  const ids = [...everyElement(root)].flatMap(({ attributes }) =>
    [...attributes].filter(([name]) => /^id$/i.test(name)).map(([, value]) => value),
  );
  demand(new Set(ids).size === ids.length, "two elements of one ID");
}

const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const transforms: readonly string[] = ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", exclusive];
const digests: readonly string[] = [
  "http://www.w3.org/2001/04/xmlenc#sha256",
  "http://www.w3.org/2001/04/xmlenc#sha512",
];
const methods: readonly string[] = [
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
];

/**
 * Signatures of the profile that SAML Core section 5.4 describes, and of algorithms that still hold. The library takes
 * SHA-1. A Signature is cut out before its own digest is made, so whatever hides in it, an Object above all, is unsigned.
 */
function requireSoundSignature(signature: XmlElement): void {
  const names = signature.children.map(({ name }) => name);
  const known = ["SignedInfo", "SignatureValue", "KeyInfo"];
  demand(
    names.every((name) => known.includes(name)),
    `a Signature with ${names.join(", ")}`,
  );
  const signedInfo = only(childrenNamed(signature, "signature", "SignedInfo"), "SignedInfo");
  const reference = only(childrenNamed(signedInfo, "signature", "Reference"), "Reference");
  const signed = algorithmsIn(signedInfo, "CanonicalizationMethod");
  demand(only(signed, "CanonicalizationMethod") === exclusive, `canonicalisation ${signed.join(", ")}`);
  const method = only(algorithmsIn(signedInfo, "SignatureMethod"), "SignatureMethod");
  demand(methods.includes(method), `signature algorithm ${method}`);
  const digest = only(algorithmsIn(reference, "DigestMethod"), "DigestMethod");
  demand(digests.includes(digest), `digest algorithm ${digest}`);
  const chain = childrenNamed(reference, "signature", "Transforms").flatMap((each) =>
    algorithmsIn(each, "Transform"),
  );
  demand(
    chain.length > 0 && chain.length <= 2 && chain.every((each) => transforms.includes(each)),
    `transforms ${chain.join(", ")}`,
  );
}

function algorithmsIn(element: XmlElement, name: string): string[] {
  return childrenNamed(element, "signature", name).map(
    ({ attributes }) => attributes.get("Algorithm") ?? "missing",
  );
}
