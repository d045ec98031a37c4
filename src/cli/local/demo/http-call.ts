// Usage: node http-call.ts METHOD URL [JSON-BODY]
import { callGoogle } from "./http-client.ts";

const [method = "GET", url = "", body] = process.argv.slice(2);
const { isOk, text } = await callGoogle(method, url, body);
console.log(text);
process.exitCode = isOk ? 0 : 1;
