import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { RuleBroken } from "./rule.ts";
import type { SamlSettings, ServiceProvider } from "./saml-settings.ts";

/** The signature library for one exchange of messages: it knows one request, which nobody else can spend. */
export function samlLibrary(
  settings: SamlSettings,
  { entityId, consumerUrl }: ServiceProvider,
  request: { readonly id: string; readonly isFresh: boolean },
): SAML {
  return new SAML({
    issuer: entityId,
    callbackUrl: consumerUrl,
    entryPoint: settings.signInUrl,
    // The configured keys, and no key that a message brings along.
    idpCert: [...settings.certificates],
    idpIssuer: settings.issuer,
    wantAuthnResponseSigned: true,
    wantAssertionsSigned: true,
    // With the audience set it fails on a null where there are no conditions; assertion-rules.ts demands both.
    audience: false,
    acceptedClockSkewMs: limits.tokenSkewMs,
    validateInResponseTo: ValidateInResponseTo.always,
    requestIdExpirationPeriodMs: limits.signInMsMax,
    cacheProvider: onlyRequest(request.id),
    generateUniqueId: () => request.id,
    forceAuthn: request.isFresh,
    // How somebody proves who they are is the provider's business, and naming one way shuts out the better ones.
    disableRequestedAuthnContext: true,
    identifierFormat: null,
    signatureAlgorithm: "sha256",
  });
}

/** Pending sign-ins are kept with the browser's cookie; to the library there is this one. */
function onlyRequest(id: string): NonNullable<ConstructorParameters<typeof SAML>[0]["cacheProvider"]> {
  const now = new Date().toISOString();
  return {
    saveAsync: async (_key, value) => ({ value, createdAt: Date.now() }),
    getAsync: async (key) => (key === id ? now : null),
    removeAsync: async (key) => key,
  };
}

/**
 * The assertion as it was signed: read from the bytes that the Response's signature covers, with the assertion's own
 * signature verified too. Throws `RuleBroken`.
 */
export async function verifiedAssertion(saml: SAML, text: string): Promise<string> {
  const assertion = await verify(saml, text);
  if (assertion === undefined) throw new RuleBroken("no assertion was signed");
  return assertion;
}

async function verify(saml: SAML, text: string): Promise<string | undefined> {
  try {
    const { profile } = await saml.validatePostResponseAsync({
      SAMLResponse: Buffer.from(text, "utf8").toString("base64"),
    });
    return profile?.getAssertionXml?.();
  } catch (error) {
    throw new RuleBroken(messageOf(error));
  }
}
