import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { memorySpentAssertions } from "../../../test/fakes/memory-spent-assertions.ts";
import { RuleBroken } from "./rule.ts";
import { openSamlSignIn } from "./saml-sign-in.ts";
import { samlLibrary, verifiedAssertion } from "./verified-assertion.ts";

// Other people's signed and mis-signed responses, read where they lie. Our own addresses are those of the fixtures, so
// that as much as possible is right and the named fault has to be found.
const corpora = process.env["GATEHOUSE_CORPORA"] ?? join(import.meta.dirname, "../../../../shared/corpora");
const nodeSaml = join(corpora, "saml-node-saml");
const pythonSaml = join(corpora, "saml-python3-saml");
for (const folder of [nodeSaml, pythonSaml]) {
  if (!existsSync(folder))
    process.stdout.write(`SAML fixtures are not at ${folder}: skipped. Set GATEHOUSE_CORPORA.\n`);
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

afterEach(() => void vi.useRealTimers());

interface Fixture {
  readonly name: string;
  readonly text: string;
}

function fixturesOf(folder: string): Fixture[] {
  const found = readdirSync(folder).map((name) => ({ name, text: textOf(join(folder, name)) }));
  expect(found.length).toBeGreaterThan(0);
  return found;
}

function textOf(path: string): string {
  const text = readFileSync(path, "utf8");
  return path.endsWith(".base64") ? Buffer.from(text.replaceAll(/\s/g, ""), "base64").toString() : text;
}

function atTheTimeOf(now: string, folder: string, issuer: string) {
  vi.useFakeTimers({ now: new Date(now), toFake: ["Date"] });
  return {
    id: "fixture",
    issuer,
    signInUrl: "https://login.example.com/sso",
    certificates: [readFileSync(join(folder, "idp-cert.pem"), "utf8")],
    subjectAttribute: undefined,
    emailAttribute: undefined,
    groupsAttribute: "groups",
    trust: { groups: undefined, emailDomains: undefined },
    clock: manualClock(now),
  };
}

const requestId = "_e8df3fe5f04237d25670";
const evilCorp = () => atTheTimeOf("2020-09-25T16:59:00Z", nodeSaml, "https://evil-corp.com");

/** Only what the signature library and its settings prove: both signatures, the request, the times. */
async function isProven(text: string): Promise<boolean> {
  const us = {
    entityId: "https://us.example.com",
    consumerUrl: "https://evil-corp.madness.com/sso/callback",
  };
  const saml = samlLibrary(evilCorp(), us, { id: requestId, isFresh: false });
  return verifiedAssertion(saml, text).then(
    () => true,
    (error: unknown) => {
      expect(error).toBeInstanceOf(RuleBroken);
      return false;
    },
  );
}

test.skipIf(!existsSync(nodeSaml))("of node-saml's mis-signed responses none is proven", async () => {
  const fixtures = fixturesOf(join(nodeSaml, "invalid"));
  for (const { name, text } of fixtures) expect([name, await isProven(text)]).toEqual([name, false]);
  process.stdout.write(`saml-node-saml: ${fixtures.length} mis-signed responses refused\n`);
});

test.skipIf(!existsSync(nodeSaml))(
  "of node-saml's sound responses those with both signatures are proven",
  async () => {
    const proven: string[] = [];
    for (const { name, text } of fixturesOf(join(nodeSaml, "valid")))
      if (await isProven(text)) proven.push(name);
    expect(proven.sort()).toEqual([
      "response.root-signed.assertion-signed.1advice-signed.xml",
      "response.root-signed.assertion-signed.1advice-unsigned.xml",
      "response.root-signed.assertion-signed.2advice-signed.xml",
      "response.root-signed.assertion-signed.2advice-unsigned.xml",
      "response.root-signed.assertion-signed.xml",
    ]);
  },
);

/** The whole of it, under our own rules; the reason, since anything is refused somehow. */
async function reasonFor(text: string, settings: ReturnType<typeof atTheTimeOf>, consumerUrl: string) {
  const { clock, ...rest } = settings;
  const controlUrl = new URL(consumerUrl).origin;
  const moved = text.replaceAll(consumerUrl, `${controlUrl}/saml/fixture/acs`);
  const signIn = openSamlSignIn({
    settings: rest,
    controlUrl,
    spentAssertions: memorySpentAssertions(),
    clock,
  });
  const pending = { kind: "saml" as const, providerId: "fixture", requestId, freshSince: undefined };
  const outcome = await signIn.finish(Buffer.from(moved).toString("base64"), pending);
  return outcome.kind === "refused" ? outcome.detail : "accepted";
}

test.skipIf(!existsSync(nodeSaml))(
  "no response of node-saml's gets past the whole of our rules",
  async () => {
    const reasons = new Map<string, string>();
    for (const kind of ["valid", "invalid"]) {
      for (const { name, text } of fixturesOf(join(nodeSaml, kind))) {
        reasons.set(
          `${kind}/${name}`,
          await reasonFor(text, evilCorp(), "https://evil-corp.madness.com/sso/callback"),
        );
      }
    }
    for (const [name, reason] of reasons) expect(`${name}: ${reason}`).not.toContain("accepted");
    expect(Object.fromEntries(reasons)).toMatchObject({
      "valid/response.root-signed.assertion-signed.xml":
        "signature algorithm http://www.w3.org/2000/09/xmldsig#rsa-sha1",
      "valid/response.root-signed.assertion-unsigned-encrypted.xml": "an encrypted assertion",
      "invalid/response.root-signed-transforms.assertion-unsigned.xml": matching(
        /transforms|signature algorithm/,
      ),
    });
  },
);

const stuff = () => atTheTimeOf("2030-01-01T00:00:00Z", pythonSaml, "http://idp.example.com/");

test.skipIf(!existsSync(pythonSaml))(
  "of python3-saml's faulty responses none is accepted, the sound ones neither, for SHA-1",
  async () => {
    const consumerUrl = "https://pitbulk.no-ip.org/newonelogin/demo1/index.php?acs";
    const fixtures = [...fixturesOf(join(pythonSaml, "invalid")), ...fixturesOf(join(pythonSaml, "valid"))];
    for (const { name, text } of fixtures) {
      expect(`${name}: ${await reasonFor(text, stuff(), consumerUrl)}`).not.toContain("accepted");
    }
    process.stdout.write(`saml-python3-saml: ${fixtures.length} responses refused\n`);
  },
);
