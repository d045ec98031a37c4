/** What the metadata server says about this run. Nothing here is secret. */
export interface RunIdentity {
  /** Shown by clients as the active account. */
  readonly account: string;
  /** Empty when neither the user nor their gcloud configuration named one. */
  readonly project: string;
}

export type MetadataEntry =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly value: object }
  /** The one entry that has to be fetched: a gateway token. */
  | { readonly kind: "token" }
  | { readonly kind: "absent" };

/** Gateway tokens know no scopes; clients that ask for one before they start are told that all is covered. */
const scopes = [
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/userinfo.email",
];

const absent: MetadataEntry = { kind: "absent" };
const text = (value: string): MetadataEntry => ({ kind: "text", text: value });

/**
 * The part of Compute Engine's metadata tree that Google's clients ask for (measured: gcloud, gsutil, bq, Python, Node,
 * Go). `path` comes without its trailing slash. There is no identity token: a run proves who it is to Gatehouse only.
 */
export function findMetadata(path: string, isRecursive: boolean, identity: RunIdentity): MetadataEntry {
  const account = /^\/computeMetadata\/v1\/instance\/service-accounts\/([^/]+)(?:\/([a-z]+))?$/.exec(path);
  if (account !== null) {
    const [, name = "", leaf = ""] = account;
    return isAccount(name, identity) ? accountEntry(leaf, isRecursive, identity) : absent;
  }
  switch (path) {
    case "":
      return text("computeMetadata/\n");
    case "/computeMetadata":
      return text("v1/\n");
    case "/computeMetadata/v1":
      return text("instance/\nproject/\nuniverse/\n");
    case "/computeMetadata/v1/instance":
      return text("service-accounts/\n");
    case "/computeMetadata/v1/instance/service-accounts":
      return text(`default/\n${identity.account}/\n`);
    case "/computeMetadata/v1/universe/universe-domain":
      return text("googleapis.com");
    case "/computeMetadata/v1/project/project-id":
      // Empty rather than absent: gcloud takes empty for "no project", and an error for a broken machine.
      return text(identity.project);
    case "/computeMetadata/v1/project/numeric-project-id":
      // Only Google knows the number. Clients ask whether it is one, to learn that this is a metadata server.
      return text("0");
    default:
      return absent;
  }
}

function isAccount(name: string, identity: RunIdentity): boolean {
  try {
    const decoded = decodeURIComponent(name);
    return decoded === "default" || decoded === identity.account;
  } catch {
    return false;
  }
}

function accountEntry(leaf: string, isRecursive: boolean, identity: RunIdentity): MetadataEntry {
  switch (leaf) {
    case "":
      return isRecursive
        ? { kind: "json", value: { aliases: ["default"], email: identity.account, scopes } }
        : text("aliases\nemail\nscopes\ntoken\n");
    case "aliases":
      return text("default");
    case "email":
      return text(identity.account);
    case "scopes":
      return text(`${scopes.join("\n")}\n`);
    case "token":
      return { kind: "token" };
    default:
      return absent;
  }
}
