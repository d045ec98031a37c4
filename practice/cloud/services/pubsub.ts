import { GoogleError, notFound } from "../google-error.ts";
import type { JsonObject } from "../json.ts";
import { pageOf } from "../page.ts";
import { type Call, route, type Service } from "../router.ts";
import type { World } from "../world.ts";

/** Pub/Sub v1, topics only; Google's own emulator is the place for messages. */
export function pubsub(world: World): Service {
  const topics = "/v1/projects/{project}/topics";
  const nameOf = (call: Call): string => `projects/${world.project.id}/topics/${call.param("topic")}`;
  const topicOf = (call: Call): JsonObject => {
    const topic = world.topics.get(nameOf(call));
    if (topic === undefined) throw notFound(nameOf(call));
    return topic;
  };
  return {
    hosts: ["pubsub.googleapis.com"],
    errors: "rpc",
    routes: [
      route("GET", topics, (call) => {
        const { items, ...rest } = pageOf([...world.topics.values()], call);
        return { status: 200, body: { topics: items, ...rest } };
      }),
      route("GET", `${topics}/{topic}`, (call) => ({ status: 200, body: topicOf(call) })),
      route("PUT", `${topics}/{topic}`, (call) => {
        const name = nameOf(call);
        if (world.topics.has(name)) throw new GoogleError("ALREADY_EXISTS", `Topic ${name} already exists.`);
        const topic: JsonObject = { ...call.json(), name };
        world.topics.set(name, topic);
        return { status: 200, body: topic };
      }),
      route("DELETE", `${topics}/{topic}`, (call) => {
        topicOf(call);
        world.topics.delete(nameOf(call));
        return { status: 200, body: {} };
      }),
    ],
  };
}
