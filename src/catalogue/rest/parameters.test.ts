import { expect, test } from "vitest";
import { isAltAllowed, isOverrideHeader, type Parameters, parseParameters } from "./parameters.ts";

function parse(query: string): Parameters {
  const parsed = parseParameters(query);
  if ("code" in parsed) throw new Error(parsed.detail);
  return parsed;
}

test.each([
  "access_token=x",
  "%61ccess_token=x",
  "access%5Ftoken=x",
  "Access_Token=x",
  "accessToken=x",
  "$access_token=x",
  "oauth_token=x",
  "bearer_token=x",
  "key=AIza",
  "k%65y=AIza",
  "callback=f",
  "$callback=f",
  "$httpHeaders=Authorization%3Ax",
  "$req=x",
  "$ct=x",
  "$.xgafv=3",
  "Alt=media",
  "a_lt=media",
  "%ff=x",
  "a=%ff",
  "a=%c3%28",
  "a=%",
  "=x",
  "a=1&&b=2",
  "a%00=1",
  "a%20b=1",
  "updateMask=a&update_mask=b",
  "alt=json&$alt=media",
  "alt=json&%24alt=media",
])("the query %s is refused", (query) => {
  expect(parseParameters(query)).toMatchObject({ code: "parameter_refused" });
});

test.each([
  "$httpMethod=GET",
  "%24httpMethod=GET",
  "httpMethod=GET",
  "_method=DELETE",
  "X-HTTP-Method-Override=GET",
])("the query %s would replace the method, and is refused", (query) => {
  expect(parseParameters(query)).toMatchObject({ code: "override_refused" });
});

test.each(["X-HTTP-Method-Override", "x_http_method_override", "X-HTTP-Method", "X-METHOD-OVERRIDE"])(
  "the header %s overrides the method",
  (name) => {
    expect(isOverrideHeader(name)).toBe(true);
    expect(isOverrideHeader("x-goog-user-project")).toBe(false);
  },
);

test("a refusal never repeats the value of a credential", () => {
  expect(JSON.stringify(parseParameters("access_token=ya29.secret"))).not.toContain("ya29");
});

test.each(["json", "json%3Benum-encoding%3Dint"])("alt=%s keeps the answer JSON", (value) => {
  expect(isAltAllowed(parse(`$alt=${value}`), false)).toBe(true);
});

test.each(["proto", "JSON", "json;enum-encoding=x", "sse", "csv", ""])(
  "alt=%s would escape masking",
  (value) => {
    expect(isAltAllowed(parse(`alt=${encodeURIComponent(value)}`), true)).toBe(false);
  },
);

test("alt=media is for methods that download", () => {
  expect(isAltAllowed(parse("alt=media"), true)).toBe(true);
  expect(isAltAllowed(parse("alt=media"), false)).toBe(false);
});

test.each([
  "upload_id=x",
  "UPLOAD_ID=x",
  "X-Goog-Signature=s",
  "x-goog-signature=s",
  "GoogleAccessId=a",
  "Signature=s",
  "X-Amz-Signature=s",
  "gatehouse_handle=h",
])("the parameter %s makes a URL a capability", (query) => {
  expect(parse(query).areCapability).toBe(true);
});

test("values are decoded once, plus signs included", () => {
  expect(parse("filter=a+b%2Bc%2520&x").values).toEqual(
    new Map([
      ["filter", "a b+c%20"],
      ["x", ""],
    ]),
  );
});

test("a parameter that stands twice is no value but a list, for its method to allow or not", () => {
  const { values, repeated } = parse("names=a&names=b&names=c");
  expect(values.has("names")).toBe(false);
  expect(repeated.get("names")).toEqual(["a", "b", "c"]);
});
