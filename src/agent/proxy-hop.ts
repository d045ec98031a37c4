/** A proxy on the way: where it is and what it wants to hear. */
export interface ProxyHop {
  readonly url: URL;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** A proxy as its URL describes it, with the user and password in it (RFC 7617), if any. */
export function proxyHop(url: URL): ProxyHop {
  if (url.username === "") return { url, authorization: undefined };
  const pair = `${decoded(url.username)}:${decoded(url.password)}`;
  return { url, authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** A percent sign that nobody encoded stands for itself, as other clients have it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Host without brackets, and the port with its default. */
export function addressOfUrl(url: URL): { host: string; port: number } {
  const defaultPort = url.protocol === "https:" ? 443 : 80;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? defaultPort : Number(url.port),
  };
}
