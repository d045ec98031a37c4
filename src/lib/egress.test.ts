import type { LookupAddress } from "node:dns";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { selfSigned } from "../../test/fakes/tls-certificate.ts";
import { createEgress, type Egress, type EgressFences, fetchJsonGuarded } from "./egress.ts";
import { GatehouseError } from "./errors.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function serve(listener: RequestListener): Promise<{ port: number; hits: () => number }> {
  let count = 0;
  const server: Server = createServer((request, response) => {
    count += 1;
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { port: (server.address() as AddressInfo).port, hits: () => count };
}

const answers =
  (...addresses: string[]) =>
  (): Promise<readonly LookupAddress[]> =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));

function egressTo(fences: EgressFences, resolve = answers("127.0.0.1")): Egress {
  const egress = createEgress(fences, resolve);
  open.push(egress);
  return egress;
}

async function refusalOf(url: string, egress: Egress, bytesMax = 1000, timeoutMs = 3000): Promise<string> {
  try {
    await fetchJsonGuarded(new URL(url), { egress, bytesMax, timeoutMs });
    return "accepted";
  } catch (error) {
    return error instanceof GatehouseError ? `${error.code}: ${error.message}` : `foreign ${String(error)}`;
  }
}

test.each([
  "https://169.254.169.254/",
  "https://[fe80::1]/",
  "https://[fd00:ec2::254]/",
  "https://[fd20:ce::254]/",
  "https://[::ffff:169.254.169.254]/",
  "https://[::ffff:8.8.8.8]/",
  "https://metadata.google.internal/",
  "https://METADATA.google.internal./",
  "https://metadata/",
])("%s is never dialled, even when the configuration lists it", async (url) => {
  const allowHosts = [
    new URL(url).hostname.replace(/[[\]]/g, ""),
    "169.254.0.0/16",
    "fe80::/10",
    "fd00::/8",
    "::/0",
    "0.0.0.0/0",
  ];
  const egress = egressTo({ allowLoopback: true, allowHosts });
  expect(await refusalOf(url, egress)).toMatch(/^egress_refused/);
});

test.each([
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "127.0.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "198.18.0.1",
  "169.254.169.254",
  "::",
  "::1",
  "::7f00:1",
  "::ffff:127.0.0.1",
  "fc00::1",
  "fe80::1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "2001:0:7f00:1::",
  "fec0::1",
  "ff02::1",
])("a public name that resolves to %s is refused", async (address) => {
  const egress = egressTo({ allowLoopback: true }, answers(address));
  expect(await refusalOf("https://keys.example.com/jwks", egress)).toMatch(/^egress_refused/);
});

test("one private address among public ones refuses the name, as rebinding resolvers answer like that", async () => {
  const egress = egressTo({ allowLoopback: false }, answers("8.8.8.8", "127.0.0.1"));
  expect(await refusalOf("https://keys.example.com/", egress)).toMatch(/^egress_refused/);
});

test("a name that alternates between a listed and a private address is judged at each connection", async () => {
  const server = await serve((_request, response) => response.end("{}"));
  let turn = 0;
  const flip = (): Promise<readonly LookupAddress[]> =>
    Promise.resolve([{ address: turn++ % 2 === 0 ? "127.0.0.1" : "169.254.169.254", family: 4 }]);
  const fences = { allowLoopback: false, allowHosts: ["idp.internal"] };
  const url = `http://idp.internal:${server.port}/`;
  expect(await refusalOf(url, egressTo(fences, flip))).toBe("accepted");
  expect(await refusalOf(url, egressTo(fences, flip))).toMatch(/^egress_refused/);
});

test.each(["http://2130706433", "http://0x7f000001", "http://0177.0.0.1", "http://127.1"])(
  "%s, an odd spelling of loopback, is refused where loopback is not allowed",
  async (origin) => {
    const server = await serve((_request, response) => response.end("{}"));
    expect(await refusalOf(`${origin}:${server.port}/`, egressTo({ allowLoopback: false }))).toMatch(
      /^egress_refused/,
    );
    expect(server.hits()).toBe(0);
  },
);

test("loopback is refused unless it is allowed", async () => {
  const server = await serve((_request, response) => response.end("{}"));
  const url = `http://127.0.0.1:${server.port}/`;
  expect(await refusalOf(url, egressTo({ allowLoopback: false }))).toMatch(/^egress_refused/);
  expect(server.hits()).toBe(0);
  expect(await refusalOf(url, egressTo({ allowLoopback: true }))).toBe("accepted");
});

test("cleartext beyond this machine is refused", async () => {
  const egress = egressTo({ allowLoopback: true }, answers("8.8.8.8"));
  expect(await refusalOf("http://keys.example.com/", egress)).toContain("only https");
});

test("a redirect is refused and not followed", async () => {
  const target = await serve((_request, response) => response.end("{}"));
  const server = await serve((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${target.port}/` }).end();
  });
  const egress = egressTo({ allowLoopback: true });
  expect(await refusalOf(`http://127.0.0.1:${server.port}/`, egress)).toContain("it answered 302");
  expect(target.hits()).toBe(0);
});

test("an answer without end is cut off at the limit", async () => {
  const server = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(1000)));
    };
    response.on("drain", more).on("error", () => undefined);
    more();
  });
  expect(await refusalOf(`http://127.0.0.1:${server.port}/`, egressTo({ allowLoopback: true }))).toContain(
    "larger than 1000 bytes",
  );
});

test("an answer that never comes is given up", async () => {
  const server = await serve(() => undefined);
  const egress = egressTo({ allowLoopback: true });
  expect(await refusalOf(`http://127.0.0.1:${server.port}/`, egress, 1000, 50)).toContain("within 50 ms");
});

test.each(["not json", "\u{feff}{}", '{"a":'])("%j is not taken for JSON", async (body) => {
  const server = await serve((_request, response) => response.end(body));
  const egress = egressTo({ allowLoopback: true });
  expect(await refusalOf(`http://127.0.0.1:${server.port}/`, egress)).toContain("not JSON");
});

test("an encoded answer is refused, so that a small one cannot grow", async () => {
  const server = await serve((_request, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
  );
  const egress = egressTo({ allowLoopback: true });
  expect(await refusalOf(`http://127.0.0.1:${server.port}/`, egress)).toContain("encoded");
});

test("a refusal names host and path but no query, which may carry secrets", async () => {
  const egress = egressTo({ allowLoopback: false });
  expect(await refusalOf("http://127.0.0.1:1/keys?secret=s3cret", egress)).not.toContain("s3cret");
});

test("the vetted address is dialled with the original name as SNI", async () => {
  const seen = new Promise<string>((resolve) => {
    const server = createTlsServer({
      SNICallback: (name, done) => {
        resolve(name);
        done(new Error("seen enough"));
      },
    });
    server.on("tlsClientError", () => undefined);
    open.push({ close: () => server.close() });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      const egress = egressTo({ allowLoopback: false, allowHosts: ["storage.example.com"] });
      void refusalOf(`https://storage.example.com:${port}/`, egress);
    });
  });
  expect(await seen).toBe("storage.example.com");
});

test("the Host header keeps the original name", async () => {
  let host: string | undefined;
  const server = await serve((request, response) => {
    host = request.headers.host;
    response.end('{"keys":[]}');
  });
  const egress = egressTo({ allowLoopback: false, allowHosts: ["idp.internal"] });
  const url = new URL(`http://idp.internal:${server.port}/jwks`);
  expect(await fetchJsonGuarded(url, { egress, bytesMax: 100, timeoutMs: 3000 })).toEqual({ keys: [] });
  expect(host).toBe(`idp.internal:${server.port}`);
});

test("a listed network opens its addresses and no others", async () => {
  const server = await serve((_request, response) => response.end("{}"));
  const fences = { allowLoopback: false, allowHosts: ["idp.internal", "127.0.0.0/30"] };
  const url = `http://idp.internal:${server.port}/`;
  expect(await refusalOf(url, egressTo(fences))).toBe("accepted");
  const listed = egressTo({ allowLoopback: false, allowHosts: ["10.1.0.0/16"] }, answers("10.2.0.1"));
  expect(await refusalOf("https://idp.example.com/", listed)).toMatch(/^egress_refused/);
});

test("an issuer with an authority of its own is trusted by that one, and by no public one", async () => {
  const { certificate, key } = await selfSigned("cluster.internal");
  const server = createSecureServer({ cert: certificate, key }, (_request, response) => response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ close: () => server.close() });
  const { port } = server.address() as AddressInfo;
  const url = `https://cluster.internal:${port}/`;
  const fences = { allowLoopback: false, allowHosts: ["cluster.internal"] };
  const other = await selfSigned("cluster.internal");
  expect(await refusalOf(url, egressTo(fences))).toMatch(/^fetch_failed/);
  expect(await refusalOf(url, egressTo({ ...fences, authorities: other.certificate }))).toMatch(
    /^fetch_failed/,
  );
  expect(await refusalOf(url, egressTo({ ...fences, authorities: certificate }))).toBe("accepted");
  expect(await refusalOf(url, egressTo({ allowLoopback: false, authorities: certificate }))).toMatch(
    /^egress_refused/,
  );
});
