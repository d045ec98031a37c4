import { expect, test } from "vitest";
import { mask, noRules, rulesOf, shapeOf } from "../../test/fakes/mask-text.ts";

// Names that say secret

test.each([
  "access_token",
  "accessToken",
  "refresh_token",
  "id_token",
  "private_key",
  "password",
  "rootPassword",
  "initialRootPassword",
  "dbpassword",
  "client_secret",
  "clientSecret",
  "api_key",
  "apiKey",
  "authorization",
  "sharedSecret",
  "DB_PASSWORD",
  "secretAccessKey",
  "privateKeyPem",
  "passphrase",
  "sessionToken",
])("the value of %s is masked in any JSON answer", async (name) => {
  const { text, findings } = await mask(`{"a":[{"${name}":"correct horse"}]}`);
  expect(JSON.parse(text)).toEqual({ a: [{ [name]: `[masked a[].${name}]` }] });
  expect(findings).toEqual([{ path: `a[].${name}`, detector: "name", rule: "secret_name" }]);
});

test("privateKeyData without a shape is masked with base64 all the same", async () => {
  const { text } = await mask('{"privateKeyData":"ewp9"}');
  expect(text).toBe(`{"privateKeyData":"${Buffer.from("[masked privateKeyData]").toString("base64")}"}`);
});

test.each([
  '{"nextPageToken":"Cg8KDXByb2plY3RzL2E5Yjh6MQ"}',
  '{"next_page_token":"abc123def456ghi789"}',
  '{"pageToken":"x","syncToken":"y","tokenType":"Bearer","maxTokens":5}',
  '{"passwordSecretVersion":"projects/p/secrets/s/versions/1"}',
  '{"password":"projects/p/secrets/s/versions/latest"}',
  '{"secret":"my-database-password-v2","version":"latest"}',
  '{"apiKey":"https://example.com/keys"}',
  '{"requiresPassword":true,"password":false,"password":"true","password":null,"password":""}',
  '{"kmsKeyName":"projects/p/locations/l/keyRings/r/cryptoKeys/k"}',
  '{"signingKey":"//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k"}',
  '{"publicKey":"AAAAB3NzaC1yc2E1b2c3d4e5f6g7h8","etag":"BwXq1a2b3c4d5e6f7="}',
])("what only sounds secret stays: %s", async (text) => {
  expect((await mask(text)).text).toBe(text);
});

test("a URL that carries a password is masked under a secret name", async () => {
  expect((await mask('{"apiKey":"https://me:hunter2@example.com/"}')).text).not.toContain("hunter2");
});

test.each([
  '{"password":{"value":"canary"}}',
  '{"db_password":[{"Raw_Value":{"text":"canary"}}]}',
  '{"apiKey":{"data":["canary"],"version":"canary-not"}}',
])(
  "a secret does not escape by being wrapped in a member that says only how it is stored: %s",
  async (text) => {
    expect((await mask(text)).text).not.toContain('"canary"');
  },
);

test("`secret` and `token` are masked when the value looks random", async () => {
  const { text } = await mask('{"secret":"kX7Qp2Lm9Zk4Rt8Wv3","token":"a1b2c3d4e5f6a7b8c9"}');
  expect(text).toBe('{"secret":"[masked secret]","token":"[masked token]"}');
});

test("a value under a secret name that is too long to be looked at is masked", async () => {
  const { text, error } = await mask(`{"password":"https://${"a".repeat(70_000)}"}`);
  expect([text, error]).toEqual(['{"password":"[masked password]"}', undefined]);
});

test("a member name is read with its escapes undone", async () => {
  expect((await mask('{"\\u0070assword":"canary"}')).text).not.toContain("canary");
});

// Settings

test.each([
  ['[{"name":"DB_PASSWORD","value":"canary"}]', true],
  ['[{"value":"canary","name":"DB_PASSWORD"}]', true],
  ['[{"value":"canary","x":{"y":[1]},"key":"api_key"}]', true],
  ['[{"name":"DB_PASSWORD","value":"projects/p/secrets/canary/versions/1"}]', false],
  ['[{"name":"DB_HOST","value":"canary"}]', false],
  ['[{"value":"canary","name":"DB_HOST"}]', false],
  ['[{"value":"canary"},{"name":"DB_PASSWORD"}]', false],
])("a setting's value is masked when its name says secret, in either order: %s", async (text, isMasked) => {
  for (const piece of [1, 4, 1000]) {
    const masked = await mask(text, {}, noRules, piece);
    expect(masked.error).toBeUndefined();
    expect(masked.text).toBe(isMasked ? text.replace("canary", "[masked [].value]") : text);
  }
});

test("a setting with two names, one harmless and one secret, ends the stream", async () => {
  const { error, text } = await mask(
    '{"name":"A","value":"canary","name":"DB_PASSWORD","value":"b"}',
    {},
    noRules,
    1000,
  );
  expect(error).toContain("two names");
  expect(text).not.toContain("canary");
});

test("a setting whose name comes later than the window is masked", async () => {
  const text = `{"value":"canary","pad":"${"x".repeat(70_000)}","name":"DB_HOST"}`;
  for (const piece of [1000, 100_000]) {
    expect((await mask(text, {}, noRules, piece)).text).toBe(text.replace("canary", "[masked value]"));
  }
});

const bag = shapeOf({ env: "bag" });

test.each([
  ['{"env":{"JWT_KEY":"kX7Qp2Lm9Zk4Rt8Wv3"}}', "env.JWT_KEY"],
  ['{"env":{"DATABASE_URL":"postgres://u:hunter2@db/x"}}', "env.DATABASE_URL"],
  ['{"env":["TOKEN=kX7Qp2Lm9Zk4Rt8Wv3"]}', "env[]"],
  ['{"env":{"X":"-----BEGIN RSA PRIVATE KEY-----\\nMII"}}', "env.X"],
  ['{"env":{"X":{"Y":"AIzaSyA1234567890abcdefghijklmnopqrstuvw"}}}', "env.X.Y"],
  ['{"env":[{"name":"SOME_AUTH","value":"kX7Qp2Lm9Zk4Rt8Wv3"}]}', "env[].value"],
])("a secret among settings is masked: %s", async (text, path) => {
  expect((await mask(text, { shape: bag })).text).toContain(`[masked ${path}]`);
});

test("plain settings stay", async () => {
  const text =
    '{"env":{"REGION":"europe-west1","PORT":8080,"LOG":"debug","URL":"https://example.com/x","PWD":"/workspace"}}';
  expect((await mask(text, { shape: bag })).text).toBe(text);
});

// The operator's rules

const own = rulesOf(`
masking:
  fields:
    - { name: owners, operation: "compute.**", field: "items.owner.email" }
    - { name: blob, operation: "compute.instances.get", field: "**.blob" }
  names: ["*_iban", "Tax-Number"]
  patterns:
    - { name: ticket, pattern: "TCK-[0-9]{4}" }
    - { name: card, pattern: "[0-9]{16}" }
`);
const compute = { operation: "compute.instances.get" };

test("the operator's fields are masked in the operations they name and in no other", async () => {
  const text = '{"items":[{"owner":{"email":"a@example.com","name":"A"}}],"x":{"blob":7,"blobCrc32c":"1"}}';
  const { text: out, findings } = await mask(text, compute, own);
  expect(out).toBe(
    '{"items":[{"owner":{"email":"[masked items[].owner.email]","name":"A"}}],"x":{"blob":"[masked x.blob]"}}',
  );
  expect(findings.map((finding) => `${finding.detector}/${finding.rule}`)).toContain("operator_field/owners");
  expect((await mask(text, { operation: "run.services.get" }, own)).text).toBe(text);
});

test("the operator's names are masked without regard to case, whatever they hold", async () => {
  const { text } = await mask('{"HOME_IBAN":{"a":1},"tax-number":12,"taxNumber2":3}', {}, own);
  expect(text).toBe(
    '{"HOME_IBAN":{"a":"[masked HOME_IBAN.a]"},"tax-number":"[masked tax-number]","taxNumber2":3}',
  );
});

test("what a pattern finds is cut out of texts, numbers and member names, and the rest stays", async () => {
  const { text, findings } = await mask(
    '{"a":"😀 see TCK-1234, TCK-5678!","b":4111111111111111,"TCK-9999":1}',
    {},
    own,
  );
  expect(text).toBe('{"a":"😀 see [masked a], [masked a]!","b":"[masked b]","[masked .*]":1}');
  expect(findings).toContainEqual({ path: "a", detector: "operator_pattern", rule: "ticket" });
});

test("a pattern sees through JSON escapes", async () => {
  expect((await mask('{"a":"TCK\\u002d1234"}', {}, own)).text).toBe('{"a":"[masked a]"}');
});

test("a text too long for the patterns ends the stream", async () => {
  const { error, text } = await mask(`{"a":"${"x".repeat(70_000)}TCK-1234"}`, {}, own);
  expect(error).toContain("masking_failed");
  expect(text).not.toContain("TCK");
});
