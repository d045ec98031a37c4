/** A host in the one spelling everything after this uses. */
export interface CanonicalHost {
  /** Lower case, without port and root dot, e.g. `us-central1-run.googleapis.com`. */
  readonly host: string;
  /** The service's own host, e.g. `run.googleapis.com`. */
  readonly service: string;
  /** Location named by the host, e.g. `us-central1`. */
  readonly location: string | undefined;
  /** Bucket of a virtual-host style name, e.g. `b` in `b.storage.googleapis.com`. */
  readonly bucket: string | undefined;
}

export const storageHost = "storage.googleapis.com";
export const wwwHost = "www.googleapis.com";

/** Multi-regions and regions as Google names them; an open pattern would take `evil-run` for a location of run. */
const location =
  "(?:us|eu|in|sa|ch|ca|(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-" +
  "(?:north|south|east|west|central|northeast|northwest|southeast|southwest)[0-9]{1,2})";

const mutualTls = /^([a-z0-9-]+)\.mtls\.googleapis\.com$/;
const regionalEndpoint = new RegExp(`^([a-z0-9-]+)\\.(${location})\\.rep\\.googleapis\\.com$`);
/** Only these two services put the location before their name. */
const locationPrefix = new RegExp(`^(${location})-(run|aiplatform)\\.googleapis\\.com$`);
const virtualHost = /^(.+)\.storage\.googleapis\.com$/;

/** Parts of 3 to 63 characters; dotted names are domain names. Old names with capitals cannot be hosts. */
const bucketName =
  /^(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/;

export function isBucketName(name: string): boolean {
  return bucketName.test(name);
}

/**
 * Recognises a host of one of the known services. Exactly the forms Google documents and nothing looser: a prototype
 * with a catch-all took `evil-secretmanager.googleapis.com` for Secret Manager.
 */
export function canonicalHost(raw: string, services: ReadonlySet<string>): CanonicalHost | undefined {
  if (services.has(raw)) return { host: raw, service: raw, location: undefined, bucket: undefined };
  // A DNS name has 253 characters, and a port may follow. Before lower-casing: there are letters outside ASCII that become `k` and `s` by it.
  if (!/^[A-Za-z0-9._:-]{1,260}$/.test(raw)) return undefined;
  const host = raw.toLowerCase().replace(/:443$/, "").replace(/\.$/, "");
  const of = (service: string, place?: string, bucket?: string): CanonicalHost | undefined =>
    services.has(service) ? { host, service, location: place, bucket } : undefined;

  if (services.has(host)) return of(host);
  const [, plain] = mutualTls.exec(host) ?? [];
  if (plain !== undefined) return of(`${plain}.googleapis.com`);
  const [, regional, region] = regionalEndpoint.exec(host) ?? [];
  if (regional !== undefined) return of(`${regional}.googleapis.com`, region);
  const [, place, prefixed] = locationPrefix.exec(host) ?? [];
  if (prefixed !== undefined) return of(`${prefixed}.googleapis.com`, place);
  const [, bucket] = virtualHost.exec(host) ?? [];
  if (bucket !== undefined && isBucketName(bucket)) return of(storageHost, undefined, bucket);
  return undefined;
}
