import { expect, test } from "vitest";
import { loadCatalogue } from "#catalogue";
import { bench, errorOf } from "../../test/fakes/data-plane-under-test.ts";

test.each(["userProject", "$userProject", "user_project", "userproject", "USER-PROJECT"])(
  "a project to bill is refused in the query, spelled %s, and nothing leaves",
  async (name) => {
    const under = await bench({ ports: { catalogue: loadCatalogue() } });
    const answer = await under.send({ target: `/storage/v1/b/logs?${name}=somebody-elses` });
    expect(errorOf(answer).reason).toBe("PARAMETER_REFUSED");
    expect(under.upstream.requests).toHaveLength(0);
  },
);

test("a parameter that only resembles the project to bill goes through", async () => {
  const under = await bench({ ports: { catalogue: loadCatalogue() } });
  expect((await under.send({ target: "/storage/v1/b/logs?userProjectHint=x" })).status).toBe(200);
});
