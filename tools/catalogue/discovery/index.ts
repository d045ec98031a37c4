/**
 * Reads Google's Discovery documents, from a folder or from the wheel of google-api-python-client, into the form the
 * generator works on. Reads only: nothing is unpacked, and no name found in a wheel becomes a path on this machine.
 */
export { readDiscovery } from "./read-discovery.ts";
export { type DiscoverySource, openDiscovery } from "./source.ts";
