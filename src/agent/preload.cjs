"use strict";
// Loaded into every Node program of a run by NODE_OPTIONS. Plain CommonJS for any Node from 14: it must never be the
// reason that a program fails, and it must not touch what does not go to Google.
//
// Three habits of Node clients need help. Some (Google's REST transport of gax) pass an agent of their own to
// https.request and so bypass every proxy setting. The platform's fetch knows no proxy variables at all. And fetch
// gives up after 300 s of silence, while a call may be held for approval for longer.

const http = require("node:http");
const https = require("node:https");
const tls = require("node:tls");

/** Read once: a program may change its environment later, and we came first. */
const proxy = parseProxy(process.env.HTTPS_PROXY);

if (proxy !== undefined) {
  wrapHttps(proxy);
  wrapFetch(proxy);
}

function parseProxy(value) {
  try {
    const url = new URL(value);
    return url.protocol === "http:" && url.hostname === "127.0.0.1" ? url : undefined;
  } catch {
    return undefined;
  }
}

function isGoogleHost(host) {
  const name = String(host).toLowerCase().replace(/\.$/, "");
  return name === "googleapis.com" || name.endsWith(".googleapis.com") || name === "accounts.google.com";
}

/** Asks the helper for a tunnel; `done(error, socket)`. */
function openTunnel(proxy, target, done) {
  const authority = `${target.host}:${target.port}`;
  const request = http.request({
    host: proxy.hostname,
    port: proxy.port,
    method: "CONNECT",
    path: authority,
    headers: {
      host: authority,
      "proxy-authorization": `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64")}`,
    },
    agent: false,
  });
  request.once("error", done);
  request.once("connect", (response, socket, head) => {
    if (response.statusCode === 200) return done(null, socket);
    const reason = head.toString("utf8").trim();
    socket.destroy();
    done(new Error(`Gatehouse refused the connection to ${authority} (${response.statusCode}): ${reason}`));
  });
  request.end();
}

/** TLS to `host` inside a tunnel; `done(error, socket)` once the handshake is through. */
function openTls(proxy, options, done) {
  openTunnel(proxy, { host: options.host, port: options.port || 443 }, (error, socket) => {
    if (error) return done(error);
    const secure = tls.connect({
      ...options,
      socket,
      path: undefined,
      servername: options.servername || options.host,
    });
    secure.once("error", done);
    secure.once("secureConnect", () => {
      secure.removeListener("error", done);
      done(null, secure);
    });
  });
}

function wrapHttps(proxy) {
  class TunnelAgent extends https.Agent {
    /** Other wrappers recognise a proxy agent by this property, as we do below. */
    get proxy() {
      return proxy;
    }

    createConnection(options, callback) {
      openTls(proxy, options, callback);
    }
  }
  const tunnelAgent = new TunnelAgent({ keepAlive: true });
  const original = https.request;

  https.request = function request(...args) {
    return original.apply(this, withAgent(args, tunnelAgent));
  };
  // https.get ends the request itself; built on ours, it follows.
  https.get = function get(...args) {
    const request = https.request(...args);
    request.end();
    return request;
  };
  require("node:module").syncBuiltinESMExports();
}

/** The forms are (url), (url, options), (options), each with a callback behind it. */
function withAgent(args, agent) {
  try {
    const hasUrl = typeof args[0] === "string" || args[0] instanceof URL;
    const url = hasUrl ? new URL(String(args[0])) : undefined;
    const given = hasUrl ? args[1] : args[0];
    const options = typeof given === "object" && given !== null ? given : {};
    const host = options.hostname || options.host || url?.hostname;
    if (!isGoogleHost(host) || options.createConnection || isProxyAgent(options.agent)) return args;
    const rest = args.filter((each) => typeof each === "function").slice(0, 1);
    const replaced = Object.assign(Object.create(Object.getPrototypeOf(options)), options, { agent });
    return hasUrl ? [args[0], replaced, ...rest] : [replaced, ...rest];
  } catch {
    return args;
  }
}

/** https-proxy-agent and its relatives carry `proxy`, tunnel-agent `proxyOptions`, Node's own `proxyEnv`. */
function isProxyAgent(agent) {
  if (typeof agent !== "object" || agent === null) return false;
  return Boolean(agent.proxy || agent.proxyOptions || agent.options?.proxyEnv);
}

/**
 * Node's bundled undici is loaded by the first fetch, and so is our change to it: programs that never fetch pay nothing.
 * Its global dispatcher is then joined by one that knows the way to Google and no time limits; a dispatcher that the
 * program has chosen itself stays alone.
 */
function wrapFetch(proxy) {
  const original = globalThis.fetch;
  if (typeof original !== "function") return;
  let isDone = false;
  globalThis.fetch = function fetch(input, init) {
    if (!isDone) {
      isDone = true;
      try {
        relaxDispatcher(proxy);
      } catch {
        // An undici we do not know: fetch works as it would have without us.
      }
    }
    return original.call(this, input, init);
  };
}

function relaxDispatcher(proxy) {
  // Touching Headers loads undici, which installs its default dispatcher.
  void globalThis.Headers;
  const key = Symbol.for("undici.globalDispatcher.1");
  const standard = globalThis[key];
  if (standard?.constructor.name !== "Agent") return;
  const google = new standard.constructor({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, done) => {
      openTls(
        proxy,
        {
          host: options.hostname,
          port: options.port,
          servername: options.servername,
          ALPNProtocols: ["http/1.1"],
        },
        done,
      );
    },
  });
  const direct = standard.dispatch.bind(standard);
  // The default dispatcher itself is asked first for the way; everything else about it stays as it was.
  standard.dispatch = (options, handler) =>
    isGoogleHost(new URL(String(options.origin)).hostname)
      ? google.dispatch(options, handler)
      : direct(options, handler);
}
