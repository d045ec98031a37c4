import { networkInterfaces } from "node:os";
import "../../src/keys/reflection.ts";
import * as x509 from "@peculiar/x509";
import { expect, test } from "vitest";
import { openPostgres, type PostgresServer } from "../../src/storage/postgres/index.ts";
import { closing, onPostgres } from "./suite.ts";

/** A certificate for one name, which is its own authority. */
async function certificateFor(name: string): Promise<{ certificate: string; key: string }> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    ],
  });
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
  };
}

/** An address of this machine under which others reach it, too. */
function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
}

onPostgres("who may be the PostgreSQL we speak to", ({ server, place }) => {
  const refused = async (there: PostgresServer, words: RegExp): Promise<void> => {
    await expect(openPostgres(there)).rejects.toMatchObject({ code: "database_unreachable" });
    await expect(openPostgres(there)).rejects.toThrow(words);
  };

  test("off loopback nothing is said in the clear, also not to a server that offers nothing else", async ({
    skip,
  }) => {
    const host = ownAddress();
    if (host === undefined) {
      process.stdout.write("skipped: this machine has no address but loopback\n");
      skip();
      return;
    }
    server().append("postgresql.conf", "listen_addresses = '*'\n");
    server().append("pg_hba.conf", "host all all all scram-sha-256\n");
    await server().restart();
    await refused({ ...(await place()), host }, /does not support SSL/);
  });

  test("a server proves its name: another authority, another name or a certificate of its own making is refused", async () => {
    const there = await place();
    const { certificate, key } = await certificateFor("localhost");
    server().append("server.crt", certificate);
    server().append("server.key", key);
    server().append("postgresql.conf", "listen_addresses = '*'\nssl = on\n");
    await server().restart();
    const stranger = await certificateFor("localhost");
    await refused({ ...there, host: "localhost", ca: stranger.certificate }, /self-signed|verif/);
    await refused({ ...there, host: "127.0.0.1", ca: certificate }, /does not match/);
    const host = ownAddress();
    if (host !== undefined) await refused({ ...there, host }, /self-signed|verif/);

    const database = await closing(openPostgres({ ...there, host: "localhost", ca: certificate }));
    const sessions = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    expect(await database.read(sessions)).toEqual([{ ssl: 1, version: "TLSv1.3" }]);
  });
});
