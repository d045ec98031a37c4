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

/** Other names under which Google serves an API. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ["batch-datastore", "datastore"],
  ["batch-firestore", "firestore"],
  ["translate", "translation"],
]);

/** Multi-regions and regions as Google names them; an open pattern would take `evil-run` for a location of run. */
const location =
  "(?:us|eu|in|sa|ch|ca|(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-" +
  "(?:north|south|east|west|central|northeast|northwest|southeast|southwest)[0-9]{1,2})";

const mutualTls = /^([a-z0-9-]+)\.mtls\.googleapis\.com$/;
const regionalEndpoint = new RegExp(`^([a-z0-9-]+)\\.(${location})\\.rep\\.googleapis\\.com$`);
/** Only these services put the location before their name. */
const locationPrefix = new RegExp(
  `^(${location})-(aiplatform|cloudfunctions|dialogflow|discoveryengine|documentai|run|speech|vision)\\.googleapis\\.com$`,
);
const virtualHost = /^(.+)\.storage\.googleapis\.com$/;

/** Parts of 3 to 63 characters; dotted names are domain names. Old names with capitals cannot be hosts. */
const bucketName =
  /^(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/;

export function isBucketName(name: string): boolean {
  return bucketName.test(name);
}

/** The hosts a catalogue knows. */
export interface KnownHosts {
  readonly services: ReadonlyMap<string, CanonicalHost>;
  /** Domains under which `<api>.<domain>` stands for `<api>.googleapis.com`: a gateway's own universe. */
  readonly universeDomains: readonly string[];
  /** Other spellings that were recognised before. */
  readonly recognised: Map<string, CanonicalHost>;
}

/**
 * Recognises a host of one of the known services. Exactly the forms Google documents and nothing looser: a prototype
 * with a catch-all took `evil-secretmanager.googleapis.com` for Secret Manager.
 */
export function canonicalHost(raw: string, known: KnownHosts): CanonicalHost | undefined {
  return known.services.get(raw) ?? known.recognised.get(raw) ?? recognise(raw, known);
}

/** Enough for every region of the APIs a fleet of agents uses. Bounded, because strangers choose buckets' names. */
const recognisedMax = 1_024;

function recognise(raw: string, known: KnownHosts): CanonicalHost | undefined {
  const found = parseHost(raw, known);
  if (found !== undefined && known.recognised.size < recognisedMax) known.recognised.set(raw, found);
  return found;
}

function parseHost(raw: string, known: KnownHosts): CanonicalHost | undefined {
  // A DNS name has 253 characters, and a port may follow. Before lower-casing: there are letters outside ASCII that become `k` and `s` by it.
  if (!/^[A-Za-z0-9._:-]{1,260}$/.test(raw)) return undefined;
  const host = inGooglesUniverse(raw.toLowerCase().replace(/:443$/, "").replace(/\.$/, ""), known);
  const of = (name: string, place?: string, bucket?: string): CanonicalHost | undefined => {
    const service = `${otherNames.get(name) ?? name}.googleapis.com`;
    return known.services.has(service) ? { host, service, location: place, bucket } : undefined;
  };

  const [, plain] = /^([a-z0-9-]+)\.googleapis\.com$/.exec(host) ?? [];
  const found = plain === undefined ? undefined : of(plain);
  if (found !== undefined) return found;
  const [, mutual] = mutualTls.exec(host) ?? [];
  if (mutual !== undefined) return of(mutual);
  const [, regional, region] = regionalEndpoint.exec(host) ?? [];
  if (regional !== undefined) return of(regional, region);
  const [, place, prefixed] = locationPrefix.exec(host) ?? [];
  if (prefixed !== undefined) return of(prefixed, place);
  const [, bucket] = virtualHost.exec(host) ?? [];
  if (bucket !== undefined && isBucketName(bucket)) return of("storage", undefined, bucket);
  return undefined;
}

/** The services' own names. */
export function servicesOf(hosts: Iterable<string>): KnownHosts["services"] {
  return new Map(
    [...hosts].map((host) => [host, { host, service: host, location: undefined, bucket: undefined }]),
  );
}

function inGooglesUniverse(host: string, { universeDomains }: KnownHosts): string {
  const domain = universeDomains.find((each) => host.endsWith(`.${each}`));
  return domain === undefined ? host : `${host.slice(0, -domain.length)}googleapis.com`;
}
