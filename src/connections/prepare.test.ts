import { expect, test } from "vitest";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import type { Connection } from "./connection.ts";
import { openConnections } from "./open-connections.ts";

function connection(name: string, more: Partial<Connection> = {}): Connection {
  return {
    name,
    identity: { kind: "none" },
    hosts: ["*"],
    projects: ["*"],
    groups: ["*"],
    endpoint: new URL("http://127.0.0.1:9"),
    quotaProject: undefined,
    ...more,
  };
}

const opened = () =>
  openConnections({ connections: [connection("one"), connection("two")], clock: manualClock() });

test("what was prepared changes nothing until it is committed", () => {
  const connections = opened();
  const next = connections.prepare([connection("three")]);
  expect([connections.find("one")?.name, connections.find("three")]).toEqual(["one", undefined]);
  next.commit();
  expect([connections.find("one"), connections.find("three")?.name]).toEqual([undefined, "three"]);
});

test("connections of which one has a broken key are not prepared, and the old ones stay", () => {
  const connections = opened();
  const broken = connection("three", { identity: { kind: "key_file", path: "/nowhere.json", scopes: [] } });
  expect(() => connections.prepare([broken])).toThrow(/nowhere\.json/);
  expect(connections.find("one")?.name).toBe("one");
});

test("a connection that stays as it was is kept, and one that changed is another", () => {
  const connections = opened();
  const [one, two] = [connections.find("one"), connections.find("two")];
  connections.prepare([connection("one"), connection("two", { projects: ["p"] })]).commit();
  expect(connections.find("one")).toBe(one);
  expect(connections.find("two")).not.toBe(two);
});

test("the credential of a connection is not given for one of the same name that led elsewhere", async () => {
  const connections = opened();
  const old = connections.find("one") ?? connection("one");
  connections.prepare([connection("one", { endpoint: new URL("http://127.0.0.1:10") })]).commit();
  await expect(connections.credential(old)).rejects.toMatchObject({ code: "connection_unknown" });
});
