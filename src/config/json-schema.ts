import { z } from "zod";
import { configurationSchema } from "./configuration.ts";

/**
 * gatehouse.yaml as JSON Schema, for editors. It knows names, shapes and defaults; what hangs together across keys only
 * `gatehouse config check` knows.
 */
export function configurationJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(configurationSchema, { io: "input", target: "draft-7" });
  return { $schema, title: "gatehouse.yaml", ...schema };
}
