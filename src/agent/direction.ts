import type { ServerInfo } from "#api";

/** What leads clients to the gateway where no proxy can, and the domain their credential file has to name. */
export interface Direction {
  readonly variables: Readonly<Record<string, string>>;
  readonly universeDomain: string | undefined;
}

/** Under a domain of the gateway's own, if it has one; otherwise by gcloud's and Terraform's endpoint overrides. */
export function directionOf({ universe, proxyUrl }: Pick<ServerInfo, "universe" | "proxyUrl">): Direction {
  if (universe === undefined) return { variables: overrides(proxyUrl), universeDomain: undefined };
  const { domain, port } = universe;
  const storage = `https://storage.${domain}${port === 443 ? "" : `:${port}`}`;
  return {
    variables: {
      CLOUDSDK_CORE_UNIVERSE_DOMAIN: domain,
      GOOGLE_CLOUD_UNIVERSE_DOMAIN: domain,
      // Terraform's own backend knows no universe, from the credential file neither (measured, 1.11).
      GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT: `${storage}/storage/v1/b`,
    },
    universeDomain: domain,
  };
}

interface Override {
  /** As in `CLOUDSDK_API_ENDPOINT_OVERRIDES_<API>`. */
  readonly gcloud: string;
  readonly host: string;
  /** gcloud wants these paths within the override (measured). Terraform wants one for every product (read in its source, not run). */
  readonly path?: string;
  /** As in `GOOGLE_<PRODUCT>_CUSTOM_ENDPOINT` with its version. */
  readonly terraform?: readonly [product: string, path: string];
}

/** The APIs that agents use most. Others are reached with a universe domain or through the forward proxy. */
const known: readonly Override[] = [
  {
    gcloud: "ARTIFACTREGISTRY",
    host: "artifactregistry.googleapis.com",
    terraform: ["ARTIFACT_REGISTRY", "v1/"],
  },
  {
    gcloud: "BIGQUERY",
    host: "bigquery.googleapis.com",
    path: "bigquery/v2/",
    terraform: ["BIG_QUERY", "bigquery/v2/"],
  },
  { gcloud: "CLOUDBUILD", host: "cloudbuild.googleapis.com", terraform: ["CLOUD_BUILD", "v1/"] },
  { gcloud: "CLOUDFUNCTIONS", host: "cloudfunctions.googleapis.com", terraform: ["CLOUDFUNCTIONS2", "v2/"] },
  { gcloud: "CLOUDKMS", host: "cloudkms.googleapis.com", terraform: ["KMS", "v1/"] },
  {
    gcloud: "CLOUDRESOURCEMANAGER",
    host: "cloudresourcemanager.googleapis.com",
    terraform: ["RESOURCE_MANAGER", "v1/"],
  },
  {
    gcloud: "COMPUTE",
    host: "compute.googleapis.com",
    path: "compute/v1/",
    terraform: ["COMPUTE", "compute/v1/"],
  },
  { gcloud: "CONTAINER", host: "container.googleapis.com", terraform: ["CONTAINER", "v1/"] },
  { gcloud: "DNS", host: "dns.googleapis.com", terraform: ["DNS", "dns/v1/"] },
  { gcloud: "IAM", host: "iam.googleapis.com", terraform: ["IAM", "v1/"] },
  { gcloud: "LOGGING", host: "logging.googleapis.com", terraform: ["LOGGING", "v2/"] },
  { gcloud: "MONITORING", host: "monitoring.googleapis.com", terraform: ["MONITORING", ""] },
  { gcloud: "PUBSUB", host: "pubsub.googleapis.com", terraform: ["PUBSUB", "v1/"] },
  { gcloud: "SECRETMANAGER", host: "secretmanager.googleapis.com", terraform: ["SECRET_MANAGER", "v1/"] },
  { gcloud: "SERVICEUSAGE", host: "serviceusage.googleapis.com", terraform: ["SERVICE_USAGE", "v1/"] },
  { gcloud: "SQL", host: "sqladmin.googleapis.com", terraform: ["SQL", "sql/v1beta4/"] },
  {
    gcloud: "STORAGE",
    host: "storage.googleapis.com",
    path: "storage/v1/",
    terraform: ["STORAGE", "storage/v1/"],
  },
];

function overrides(proxyUrl: string): Record<string, string> {
  const pairs = known.flatMap(({ gcloud, host, path = "", terraform }): [string, string][] => {
    const base = `${proxyUrl.replace(/\/$/, "")}/${host}/`;
    return [
      [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${gcloud}`, `${base}${path}`],
      ...(terraform === undefined
        ? []
        : [[`GOOGLE_${terraform[0]}_CUSTOM_ENDPOINT`, `${base}${terraform[1]}`] satisfies [string, string]]),
    ];
  });
  return Object.fromEntries(pairs);
}
