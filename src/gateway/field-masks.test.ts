import { expect, test } from "vitest";
import { bench } from "../../test/fakes/data-plane-under-test.ts";
import { jsonAnswer } from "../../test/fakes/scripted-upstream.ts";
import { operationOf } from "../../test/fakes/small-catalogue.ts";

const host = "compute.googleapis.com";
const instance = "/compute/v1/projects/p/zones/z/instances/i";
const routes = [
  {
    method: "GET",
    path: /^\/(compute|storage)\/v1\/.*$/,
    operation: operationOf("compute.instances.get"),
  },
] as const;

/** What the agent sees of an answer, and all that was recorded of it. */
async function answered(target: string, answer: object, headers: Record<string, string> = {}) {
  const under = await bench({ routes, script: jsonAnswer(answer) });
  const socket = await under.tunnel({ host });
  const { status, text } = await under.send({ method: "GET", target, headers: { host, ...headers }, socket });
  expect(status).toBe(200);
  const recorded = under.audit.entries.flatMap(({ attachments }) => attachments ?? []);
  expect(recorded.length).toBeGreaterThan(0);
  return { text, recorded: recorded.map(({ bytes }) => Buffer.from(bytes).toString()).join("\n") };
}

const nameless = { metadata: { items: [{ value: "hunter2-correct-horse" }] } };

test.each([
  [`${instance}?fields=metadata/items/value`, {}],
  [`${instance}?$fields=metadata.items.value`, {}],
  [`${instance}?%24fields=metadata.items.value`, {}],
  [`${instance}?readMask=metadata.items.value`, {}],
  [instance, { "x-goog-fieldmask": "metadata.items.value" }],
])(
  "a field mask that strips the names of settings brings no secret to the agent or the recording: %s %o",
  async (target, headers) => {
    const { text, recorded } = await answered(target, nameless, headers);
    expect(text).toContain("masked by Gatehouse");
    expect(text + recorded).not.toContain("hunter2");
  },
);

test.each([instance, `${instance}?fields=*`])("an answer with all its members stays: %s", async (target) => {
  expect((await answered(target, nameless)).text).toBe(JSON.stringify(nameless));
});

test("a storage listing with the fields that gcloud asks for stays as it is", async () => {
  const listing = {
    prefixes: ["logs/"],
    items: [{ name: "a.txt", bucket: "b", size: "12", md5Hash: "x", metadata: { owner: "a" }, acl: [] }],
    nextPageToken: "t",
  };
  const target = "/storage/v1/b/b/o?fields=prefixes%2Citems%2Fname%2Citems%2Fsize%2CnextPageToken";
  expect((await answered(target, listing)).text).toBe(JSON.stringify(listing));
});
