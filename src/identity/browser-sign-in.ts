import { assert } from "#lib/errors";
import type { OidcSignIn, PendingOidcSignIn, SignOutReturn } from "./oidc-sign-in.ts";
import type { PendingSamlSignIn, SamlSignIn } from "./saml/saml-sign-in.ts";
import type { SignedInAtProvider, SignInOutcome, SignInProvider } from "./sign-in-provider.ts";

/** What the browser's own cookie leads back to. */
export type PendingSignIn = PendingOidcSignIn | PendingSamlSignIn;

/** What came back, by the way it came: the whole callback address, or what was posted. */
export type SignInAnswer =
  | { readonly kind: "oidc"; readonly providerId: string; readonly callback: URL }
  | { readonly kind: "saml"; readonly providerId: string; readonly response: string };

/** Sign-in of people in the browser, at whichever of the configured providers. */
export interface BrowserSignIn {
  /** In the order of the configuration; never empty. */
  readonly providers: readonly SignInProvider[];
  /** Where to send the browser. Rejects with `provider_unavailable`. */
  begin(
    providerId: string,
    options: { readonly isFresh: boolean },
  ): Promise<{ readonly location: URL; readonly pending: PendingSignIn }>;
  /** Once for each pending sign-in. An answer that came by another provider's way is refused (mix-up). */
  finish(answer: SignInAnswer, pending: PendingSignIn): Promise<SignInOutcome>;
  /** What a SAML provider has to know of us, XML; `undefined` when there is no such provider. */
  samlMetadata(providerId: string): string | undefined;
  /** Where to send the browser to be signed out at the provider too; `undefined` where it has no place for that. */
  signOut(atProvider: SignedInAtProvider, back: SignOutReturn): Promise<URL | undefined>;
}

interface Named {
  readonly id: string;
  readonly issuer: string;
}
type Way = Named &
  (
    | { readonly kind: "oidc"; readonly signIn: OidcSignIn }
    | { readonly kind: "saml"; readonly signIn: SamlSignIn }
  );

export function openBrowserSignIn(ways: readonly Way[]): BrowserSignIn {
  const byId = new Map(ways.map((way) => [way.id, way]));
  return {
    providers: ways.map(({ id, issuer, kind }) => ({ id, issuer, kind })),
    begin: (providerId, options) => {
      const way = byId.get(providerId);
      assert(way !== undefined, "a sign-in begins at a configured provider");
      return way.signIn.begin(options);
    },
    finish: async (answer, pending) => {
      const way = byId.get(pending.providerId);
      if (way === undefined || answer.providerId !== pending.providerId) return mixedUp(answer, pending);
      if (way.kind === "oidc" && answer.kind === "oidc" && pending.kind === "oidc")
        return way.signIn.finish(answer.callback, pending);
      if (way.kind === "saml" && answer.kind === "saml" && pending.kind === "saml")
        return way.signIn.finish(answer.response, pending);
      return mixedUp(answer, pending);
    },
    samlMetadata: (providerId) => {
      const way = byId.get(providerId);
      return way?.kind === "saml" ? way.signIn.metadata : undefined;
    },
    signOut: async ({ providerId, idToken }, back) => {
      const way = byId.get(providerId);
      return way?.kind === "oidc" ? way.signIn.signOut(idToken, back) : undefined;
    },
  };
}

function mixedUp(answer: SignInAnswer, pending: PendingSignIn): SignInOutcome {
  const detail = `an answer of ${answer.providerId} to a sign-in at ${pending.providerId}`;
  return { kind: "refused", code: "sign_in_refused", detail };
}
