import { ownText } from "./json.ts";
import { newInstance } from "./services/compute-instances.ts";
import { activeFunction } from "./services/functions.ts";
import { newServiceAccount } from "./services/iam.ts";
import { newSecretResource, secretName } from "./services/secrets.ts";
import { newBucket } from "./services/storage-buckets.ts";
import { putObject } from "./stored-object.ts";
import type { World } from "./world.ts";

/** The value of the secret `db-password`. Wherever else these characters turn up, a mask has failed. */
export const PRACTICE_SECRET_VALUE = "practice-canary-7Hq2vXbT9mKeWz4RnLs8";
const API_KEY_VALUE = "practice-canary-api-Jd83kPq0VtYw5CxN";

/** What a fresh practice cloud holds. */
export function seed(world: World): void {
  seedStorage(world);
  seedSecret(world, "db-password", PRACTICE_SECRET_VALUE);
  seedSecret(world, "api-key", API_KEY_VALUE);
  seedAccounts(world);
  seedFunction(world);
  for (const name of ["web-1", "web-2"]) {
    const zone = "us-central1-a";
    world.instances.set(`${zone}/${name}`, newInstance(world, { zone, name, body: {} }));
  }
}

function seedStorage(world: World): void {
  const bucket = "practice-bucket";
  world.buckets.set(bucket, newBucket(world, bucket, {}));
  const objects: Readonly<Record<string, string>> = {
    "README.txt": "This bucket belongs to the practice cloud. Nothing in it is real.\n",
    "reports/2026-q3.csv": "region,revenue\nus-central1,1200\neurope-west1,900\n",
  };
  for (const [name, text] of Object.entries(objects)) {
    const contentType = name.endsWith(".csv") ? "text/csv" : "text/plain";
    putObject(world, { bucket, name, metadata: { contentType }, bytes: Buffer.from(text) });
  }
}

function seedSecret(world: World, id: string, value: string): void {
  world.secrets.set(secretName(world, id), {
    resource: newSecretResource(world, id, {}),
    versions: [{ number: 1, createdAt: world.clock.now(), state: "ENABLED", bytes: Buffer.from(value) }],
  });
}

function seedAccounts(world: World): void {
  for (const [id, displayName] of [
    ["robot", "Robot"],
    ["gatehouse", "Gatehouse"],
  ] as const) {
    const account = newServiceAccount(world, id, displayName);
    world.serviceAccounts.set(ownText(account, "email"), account);
  }
}

function seedFunction(world: World): void {
  const name = `projects/${world.project.id}/locations/us-central1/functions/hello`;
  const source = { bucket: "practice-bucket", object: "README.txt" };
  const proposed = {
    description: "Says hello",
    buildConfig: { runtime: "nodejs22", entryPoint: "hello", source: { storageSource: source } },
  };
  world.functions.set(name, activeFunction(world, { name, location: "us-central1", proposed }));
}
