import type { KeyProvider } from "#audit";
import type { RecordingsConfiguration } from "#config";
import { openGoogleApi } from "#connections";
import { kmsKeyProvider, openFileKeyProvider, readFileKeyProvider } from "#keys";
import type { Clock } from "#lib/clock";
import type { DataFolder } from "./data-folder.ts";

const kmsScope = "https://www.googleapis.com/auth/cloudkms";

/** What wraps the keys of recordings, and behind it whatever wrapped before and can still unwrap. */
export async function openKeyProviders(
  { keys }: RecordingsConfiguration,
  parts: { readonly folder: DataFolder; readonly clock: Clock; readonly opened: AsyncDisposableStack },
): Promise<readonly KeyProvider[]> {
  const { folder, clock, opened } = parts;
  if (keys.provider === "file") return [await openFileKeyProvider(folder.wrappingKeys)];
  const { identity, endpoint } = keys;
  const api = openGoogleApi(
    "recordings",
    {
      identity: identity.kind === "none" ? identity : { ...identity, scopes: [kmsScope] },
      endpoint: endpoint === undefined ? undefined : new URL(endpoint),
    },
    clock,
  );
  opened.defer(() => api.close());
  const ofFile = readFileKeyProvider(folder.wrappingKeys);
  return [
    ...[keys.key, ...keys.former_keys].map((key) => kmsKeyProvider(key, api.post)),
    ...(ofFile === undefined ? [] : [ofFile]),
  ];
}
