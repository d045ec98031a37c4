import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { gatehouse } from "../fakes/whole-command-line.ts";
import { prepareServer, type ServerChild } from "../faults/server-child.ts";
import { agentOf } from "../scenarios/test-agent.ts";
import { onPostgres } from "./suite.ts";

const projects = "https://cloudresourcemanager.googleapis.com/v1/projects";

onPostgres("the whole gateway on PostgreSQL", ({ server, place }) => {
  async function prepared(): Promise<ServerChild & { readonly databaseName: string }> {
    const { host, port, database, user, password } = await place();
    const child = await prepareServer(
      `database: { kind: postgres, host: "${host}", port: ${port}, name: ${database}, user: ${user}, password: { file: pg.password } }`,
    );
    writeFileSync(join(dirname(child.config), "pg.password"), `${password?.reveal() ?? ""}\n`, {
      mode: 0o600,
    });
    onTestFinished(() => child.close());
    return { ...child, databaseName: database };
  }

  async function up(child: ServerChild) {
    const started = await child.start();
    if (started.kind === "ended") throw new Error(`the server did not start: ${started.said}`);
    return started.process;
  }

  const audit = (child: ServerChild, ...words: readonly string[]) =>
    gatehouse(child.controlUrl, "audit", words[0] ?? "", child.config, ...words.slice(1));

  test("a session is served, a second gateway is refused, and the log verifies beside the server and after it", async () => {
    const child = await prepared();
    const process = await up(child);
    const agent = await agentOf(child.controlUrl, "developer@example.com");
    expect((await agent.call("GET", projects)).status).toBe(200);

    const second = await child.start();
    expect(second).toMatchObject({ kind: "ended", status: 1 });
    expect(second.kind === "ended" ? second.said : "").toContain("Another Gatehouse is writing");
    expect((await agent.call("GET", projects)).status).toBe(200);
    await agent.close();

    const beside = await audit(child, "verify");
    expect(beside).toMatchObject({ status: 0, out: expect.stringContaining("(database)") as string });
    process.kill("SIGTERM");
    await once(process, "exit");
    expect(process.exitCode).toBe(0);
    const after = await audit(child, "verify", "--key", join(child.data, "log.vkey"), "--json");
    expect(JSON.parse(after.out)).toMatchObject({ kind: "verified", source: "database" });
    const exported = await audit(child, "export", "--tiles", join(child.data, "exported"));
    expect(exported).toMatchObject({ status: 0 });
    expect(readFileSync(join(child.data, "exported/checkpoint"), "utf8")).toContain("gatehouse.local/audit");
  });

  test("kill -9 of PostgreSQL under the gateway: nothing more goes upstream, and after both restart the log says what is not known", async () => {
    const child = await prepared();
    const process = await up(child);
    const agent = await agentOf(child.controlUrl, "developer@example.com");
    const arrived = () => child.cloud.count({ path: "/v1/projects" });
    const isEnded = once(process, "exit");
    const calls = Array.from({ length: 40 }, () => agent.call("GET", projects).catch(() => undefined));
    await vi.waitFor(() => expect(arrived()).toBeGreaterThan(5), 20_000);
    await server().kill();
    await Promise.all(calls);
    const before = arrived();
    const late = await agent.call("GET", projects).catch(() => undefined);
    expect([undefined, 503]).toContain(late?.status);
    expect(arrived()).toBe(before);
    await agent.close();
    // It cannot record any more, so it ends by itself.
    await isEnded;
    expect(process.exitCode).toBe(1);

    await server().start();
    const again = await up(child);
    const verified = await audit(child, "verify", "--json");
    expect(JSON.parse(verified.out)).toMatchObject({ kind: "verified" });
    again.kill("SIGTERM");
    await once(again, "exit");
    const intents = await server().ask(
      "SELECT count(*)::int AS n FROM audit_entry WHERE kind = 'exchange.intent' AND operation = 'cloudresourcemanager.projects.list'",
      child.databaseName,
    );
    expect(intents[0]?.["n"]).toBeGreaterThanOrEqual(before);
  });
});
