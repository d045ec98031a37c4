import { expect, test } from "vitest";
import { loadCatalogue } from "#catalogue";
import { bench, decision } from "../../test/fakes/data-plane-under-test.ts";
import { approvalKeys } from "./approval-keys.ts";

test("two calls that differ only in a parameter that is there twice do not share one approval", async () => {
  const under = await bench({ ports: { catalogue: loadCatalogue(), approvalKeys } });
  under.decide(() => decision("require_approval"));
  const ask = async (fields: readonly string[]): Promise<void> => {
    const query = fields.map((field) => `permissions=${field}`).join("&");
    const answering = under.send({
      method: "GET",
      target: `/storage/v1/b/logs/iam/testPermissions?${query}`,
      headers: { "user-agent": "x" },
    });
    await under.desk.someoneWaits();
    under.desk.elapse();
    await answering;
  };
  await ask(["x", "y"]);
  await ask(["password", "role"]);
  await ask(["x", "y"]);
  expect(
    [...under.desk.requests.values()].map(({ preview }) => preview.split("?")[1]?.split("\n")[0]),
  ).toEqual(["permissions=x&permissions=y", "permissions=password&permissions=role"]);
});
