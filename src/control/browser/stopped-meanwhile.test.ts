import { expect, test } from "vitest";
import {
  type ControlPlaneUnderTest,
  controlPlaneUnderTest,
  fakeBrowser,
} from "../../../test/fakes/control-plane-under-test.ts";
import { approver } from "../../../test/fakes/token-issuer.ts";

const person = { ...approver, groups: ["sre", "engineering"] };

/** Somebody stops this person in the very moment in which their sign-in goes on record. */
function stopWhileRecorded(under: ControlPlaneUnderTest): void {
  under.audit.on("auth.signed_in", async () => {
    const cause = { kind: "signed_out_at_provider" } as const;
    await under.identity.signOuts.end({ principal: person.email }, cause);
  });
}

test("a browser sign-in that was proven just before its owner was stopped lets nobody in after it", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  const begun = await browser.get("/sign-in");
  const back = under.issuer.signIn(new URL(String(begun.headers.location)), person);
  stopWhileRecorded(under);
  expect((await browser.get(back.pathname + back.search)).statusCode).toBe(401);
  expect(browser.cookies.has("gatehouse_session")).toBe(false);
});

test("a command that was approved in a browser whose owner is being stopped gets no login", async () => {
  const under = await controlPlaneUnderTest();
  const browser = fakeBrowser(under);
  await browser.signIn(person);
  const { deviceSignIns } = under.identity;
  const codes = deviceSignIns.begin({ clientId: "c", machine: "m", command: "x", address: "a" });
  const user_code = codes?.userCode ?? "";
  const form_token = await browser.formToken("/device");
  await browser.post("/device", { form_token, user_code });
  stopWhileRecorded(under);
  const answer = await browser.post("/device/decision", { form_token, user_code, verdict: "approve" });
  expect(answer.statusCode).toBe(401);
  expect(deviceSignIns.poll(codes?.deviceCode ?? "", "c").kind).not.toBe("approved");
});
