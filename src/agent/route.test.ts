import { expect, test } from "vitest";
import { originalProxies, parseTarget, routeFor } from "./route.ts";

const none = originalProxies({});
const route = (host: string, environment: NodeJS.ProcessEnv = {}, port = 443) =>
  routeFor("https", { host, port }, originalProxies(environment));

test("a target that is not host:port is not understood", () => {
  for (const authority of [
    "",
    "host",
    "host:",
    ":443",
    "host:0",
    "host:65536",
    "host:443:1",
    "a b:443",
    "host/:443",
    "user@host:443",
    "storage.googleapis.com..:443",
    ".googleapis.com:443",
    "a..b:443",
    "[1.2.3.4]:443",
  ]) {
    expect(parseTarget(authority), authority).toBeUndefined();
  }
});

test("however a Google host is spelt, it goes to the gateway", () => {
  for (const authority of [
    "storage.googleapis.com:443",
    "STORAGE.GoogleAPIs.com:443",
    "storage.googleapis.com.:443",
    "us-central1-run.googleapis.com:443",
    "accounts.google.com:443",
    "googleapis.com:443",
    "storage.googleapis.com:8443",
  ]) {
    const target = parseTarget(authority);
    expect(target && routeFor("https", target, none).kind, authority).toBe("gateway");
  }
});

test("the user's own exemptions do not lead a Google host past the gateway", () => {
  expect(route("storage.googleapis.com", { NO_PROXY: "*" }).kind).toBe("gateway");
  expect(route("storage.googleapis.com", { https_proxy: "http://proxy.example.com:3128" }).kind).toBe(
    "gateway",
  );
});

test("a machine's own metadata server, and its credential, are not reached through the proxy", () => {
  for (const host of ["metadata.google.internal", "169.254.169.254", "metadata", "fd20:ce::254"]) {
    expect(route(host).kind, host).toBe("refused");
    expect(routeFor("http", { host, port: 80 }, none).kind, host).toBe("refused");
  }
});

test("however the address of the metadata server is spelt, it is not reached", () => {
  for (const authority of [
    "2852039166:80",
    "0xa9fea9fe:80",
    "0251.0376.0251.0376:80",
    "169.254.43518:80",
    "169.254.169.254.:80",
    "[::ffff:169.254.169.254]:80",
    "[FD20:0ce:0::0254]:80",
    "METADATA.google.internal.:80",
  ]) {
    const target = parseTarget(authority);
    expect(target && routeFor("https", target, none).kind, authority).toBe("refused");
  }
});

test("Google's hosts are refused in clear text", () => {
  expect(routeFor("http", { host: "storage.googleapis.com", port: 80 }, none).kind).toBe("refused");
});

test("a host that only looks like Google's is no business of the gateway", () => {
  for (const host of [
    "googleapis.com.example.com",
    "notgoogleapis.com",
    "accounts.google.com.example.com",
    "google.com",
  ]) {
    expect(route(host).kind, host).toBe("direct");
  }
});

test("other hosts go through the proxy the user had", () => {
  for (const environment of [
    { HTTPS_PROXY: "http://proxy.example.com:3128" },
    { https_proxy: "http://proxy.example.com:3128", HTTPS_PROXY: "http://other.example.com" },
    { ALL_PROXY: "proxy.example.com:3128" },
  ]) {
    const found = route("registry.terraform.io", environment);
    expect(found.kind === "proxy" && found.url.host).toBe("proxy.example.com:3128");
  }
});

test("a proxy of a kind we cannot speak is refused rather than bypassed", () => {
  expect(route("registry.terraform.io", { ALL_PROXY: "socks5://proxy.example.com" }).kind).toBe("refused");
});

test("the user's own exemptions from their proxy hold", () => {
  const environment = (noProxy: string): NodeJS.ProcessEnv => ({
    https_proxy: "http://proxy.example.com:3128",
    no_proxy: noProxy,
  });
  const exempt: [string, string][] = [
    ["*", "example.com"],
    ["example.com", "example.com"],
    ["example.com", "api.example.com"],
    [".example.com", "api.example.com"],
    ["*.example.com", "api.example.com"],
    ["other.example, example.com", "example.com"],
    ["example.com:443", "example.com"],
    ["10.0.0.0/8", "10.1.2.3"],
    ["10.1.2.3", "10.1.2.3"],
    ["::1", "::1"],
    ["fd00::/8", "fd00::1"],
  ];
  for (const [entry, host] of exempt) expect(route(host, environment(entry)).kind, entry).toBe("direct");
  const proxied: [string, string][] = [
    ["example.com", "notexample.com"],
    ["example.com:8443", "example.com"],
    ["10.0.0.0/8", "11.1.2.3"],
    ["10.0.0.0/99", "10.0.0.1"],
    ["", "example.com"],
  ];
  for (const [entry, host] of proxied) expect(route(host, environment(entry)).kind, entry).toBe("proxy");
});
