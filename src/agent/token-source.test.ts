import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { ControlPlaneRefusal } from "./control-plane.ts";
import type { LogWatch } from "./log-watch.ts";
import type { TokenEndpoint, TokenLoan } from "./token-endpoint.ts";
import { TokenSource } from "./token-source.ts";

const minuteMs = 60_000;

/** A clock whose two hands a test moves on their own. */
class HandClock {
  wallMs = Date.parse("2026-11-24T12:00:00Z");
  steadyMs = 0;
  now = (): Date => new Date(this.wallMs);
  monotonicMs = (): number => this.steadyMs;
  pass(ms: number): void {
    this.wallMs += ms;
    this.steadyMs += ms;
  }
}

interface Script {
  refresh: (used: string) => Promise<TokenLoan>;
  end: (token: string) => Promise<void>;
}

async function setUp(lifeMs = 15 * minuteMs) {
  const clock = new HandClock();
  const used: string[] = [];
  const endings: string[] = [];
  const script: Script = {
    refresh: async () => loan(`renewed-${used.length}`, lifeMs),
    end: async () => undefined,
  };
  const endpoint: TokenEndpoint = {
    exchange: async () => loan("first", lifeMs),
    refresh: (token) => {
      used.push(token.reveal());
      return script.refresh(token.reveal());
    },
    end: (token) => {
      endings.push(token.reveal());
      return script.end(token.reveal());
    },
  };
  const tokens = await TokenSource.open({ endpoint, clock, pause: async () => {} });
  const ended: string[] = [];
  tokens.onEnded((reason) => ended.push(reason));
  const current = async (): Promise<string> => (await tokens.current()).accessToken.reveal();
  return { clock, used, endings, script, tokens, ended, current };
}

function loan(name: string, lifeMs: number): TokenLoan {
  return {
    accessToken: new Secret(name),
    lifeMs,
    refreshToken: new Secret(`refresh-of-${name}`),
    sessionId: "ses_1",
  };
}

const end = async (): Promise<void> => undefined;
const revoked = new ControlPlaneRefusal({ status: 400, code: "invalid_grant", message: "It was stopped" });
const down = new GatehouseError("server_unreachable", "No Gatehouse server answers.");

test("once the server says the session is over, nothing brings it back and the reason is told once", async () => {
  const { clock, script, tokens, ended, used } = await setUp();
  clock.pass(11 * minuteMs);
  script.refresh = async () => {
    throw revoked;
  };
  await expect(tokens.current()).rejects.toMatchObject({ code: "session_ended" });
  script.refresh = async () => loan("too late", minuteMs);
  await expect(tokens.current()).rejects.toMatchObject({ code: "session_ended" });
  await expect(tokens.replace(new Secret("x"))).rejects.toMatchObject({ code: "session_ended" });
  expect(used).toHaveLength(1);
  expect(ended).toEqual([expect.stringContaining("It was stopped.")]);
});

test("an expired token is not lent while the server is down", async () => {
  const { clock, script, tokens } = await setUp();
  clock.pass(15 * minuteMs);
  script.refresh = async () => {
    throw down;
  };
  await expect(tokens.current()).rejects.toMatchObject({ code: "server_unreachable" });
});

test("a wall clock set back does not lengthen a token's life, nor does a laptop's sleep", async () => {
  const back = await setUp();
  back.clock.steadyMs += 16 * minuteMs;
  back.clock.wallMs -= 60 * minuteMs;
  expect(await back.current()).toBe("renewed-1");

  const asleep = await setUp();
  asleep.clock.wallMs += 16 * minuteMs;
  expect(await asleep.current()).toBe("renewed-1");
});

test("a session without a refresh token ends with its token", async () => {
  const clock = new HandClock();
  const endpoint: TokenEndpoint = {
    end,
    exchange: async () => ({ ...loan("only", 10 * minuteMs), refreshToken: undefined }),
    refresh: async () => {
      throw new Error("there is nothing to refresh with");
    },
  };
  const tokens = await TokenSource.open({ endpoint, clock, pause: async () => {} });
  clock.pass(9 * minuteMs);
  expect((await tokens.current()).expiresInS).toBe(60);
  clock.pass(minuteMs);
  await expect(tokens.current()).rejects.toMatchObject({ code: "session_ended" });
});

test("a token is renewed before it ends, with five minutes to spare", async () => {
  const { clock, current, used } = await setUp();
  clock.pass(9 * minuteMs);
  expect(await current()).toBe("first");
  clock.pass(minuteMs);
  expect(await current()).toBe("renewed-1");
  expect(used).toEqual(["refresh-of-first"]);
});

test("the seconds that are left are told truly", async () => {
  const { clock, tokens } = await setUp();
  clock.pass(61_500);
  expect((await tokens.current()).expiresInS).toBe(15 * 60 - 62);
});

test("many askers at once use a refresh token once", async () => {
  const { clock, tokens, used } = await setUp();
  clock.pass(14 * minuteMs);
  await Promise.all([tokens.current(), tokens.current(), tokens.current()]);
  expect(used).toEqual(["refresh-of-first"]);
});

test("a refresh token that rotated is not used again", async () => {
  const { clock, tokens, used } = await setUp();
  clock.pass(14 * minuteMs);
  await tokens.current();
  clock.pass(14 * minuteMs);
  await tokens.current();
  expect(used).toEqual(["refresh-of-first", "refresh-of-renewed-1"]);
});

test("while the server is down a token that still works is lent, and renewal is tried again", async () => {
  const { clock, script, current, used } = await setUp();
  clock.pass(12 * minuteMs);
  const renew = script.refresh;
  script.refresh = async () => {
    throw down;
  };
  expect(await current()).toBe("first");
  expect(used).toHaveLength(3);
  script.refresh = renew;
  expect(await current()).toMatch(/^renewed/);
});

test("a token the gateway refused is replaced at once, and only once by all who held it", async () => {
  const { tokens, used } = await setUp();
  const { accessToken } = await tokens.current();
  await Promise.all([tokens.replace(accessToken), tokens.replace(accessToken)]);
  await tokens.replace(accessToken);
  expect(used).toHaveLength(1);
});

test("opening a session tries again while the server is busy, and gives up on a refusal at once", async () => {
  const parts = { clock: new HandClock(), pause: async () => {} };
  let attempts = 0;
  const refresh = async (): Promise<TokenLoan> => loan("never", 1);
  const busy: TokenEndpoint = {
    end,
    refresh,
    exchange: async () => {
      attempts += 1;
      if (attempts < 3) throw new ControlPlaneRefusal({ status: 503, code: "busy", message: "Busy." });
      return loan("third time", minuteMs);
    },
  };
  expect((await (await TokenSource.open({ ...parts, endpoint: busy })).current()).accessToken.reveal()).toBe(
    "third time",
  );
  attempts = 0;
  const refusing: TokenEndpoint = {
    end,
    refresh,
    exchange: async () => {
      attempts += 1;
      throw new ControlPlaneRefusal({ status: 403, code: "not_permitted", message: "No." });
    },
  };
  await expect(TokenSource.open({ ...parts, endpoint: refusing })).rejects.toMatchObject({
    code: "not_permitted",
  });
  expect(attempts).toBe(1);
});

test("a log that contradicts what was seen ends the session: the token just fetched is not lent either", async () => {
  const clock = new HandClock();
  const lifeMs = 15 * minuteMs;
  const endpoint: TokenEndpoint = {
    end,
    exchange: async () => loan("first", lifeMs),
    refresh: async () => loan("second", lifeMs),
  };
  let why: string | undefined;
  const watch: LogWatch = {
    look: async (_, onContradiction) => {
      if (why !== undefined) onContradiction(why);
    },
  };
  const parts = { endpoint, clock, pause: async () => {}, watch };
  const tokens = await TokenSource.open(parts);
  const ended: string[] = [];
  tokens.onEnded((reason) => ended.push(reason));
  clock.pass(11 * minuteMs);
  why = "it was cut";
  await expect(tokens.current()).rejects.toMatchObject({ code: "log_contradicted" });
  await expect(tokens.current()).rejects.toMatchObject({ code: "log_contradicted" });
  expect(ended).toEqual([expect.stringContaining("it was cut.")]);
  const endings: string[] = [];
  const watched = { ...endpoint, end: async (token: Secret) => void endings.push(token.reveal()) };
  await expect(TokenSource.open({ ...parts, endpoint: watched })).rejects.toMatchObject({
    code: "log_contradicted",
  });
  // Nobody holds the session that was opened for it.
  expect(endings).toEqual(["first"]);
});

test("a proof that comes late does not delay a token, and stops the next one", async () => {
  const clock = new HandClock();
  let tell: (why: string) => void = () => undefined;
  const watch: LogWatch = {
    look: async (_, onContradiction) => {
      tell = onContradiction;
    },
  };
  const endpoint: TokenEndpoint = {
    end,
    exchange: async () => loan("first", minuteMs),
    refresh: async () => loan("second", minuteMs),
  };
  const tokens = await TokenSource.open({ endpoint, clock, pause: async () => {}, watch });
  expect((await tokens.current()).accessToken.reveal()).toBe("first");
  tell("it was cut");
  await expect(tokens.current()).rejects.toMatchObject({ code: "log_contradicted" });
});

test("a run that is over ends its session once, lends nothing any more and tells nobody", async () => {
  const { tokens, endings, ended, used } = await setUp();
  const { accessToken } = await tokens.current();
  await Promise.all([tokens.end(), tokens.end()]);
  expect([endings, used, ended]).toEqual([["first"], [], []]);
  await expect(tokens.current()).rejects.toMatchObject({ code: "session_ended" });
  await expect(tokens.replace(accessToken)).rejects.toMatchObject({ code: "session_ended" });
});

test("after hours without a call a token is fetched to end the session with", async () => {
  const { clock, tokens, endings, used } = await setUp();
  clock.pass(5 * 60 * minuteMs);
  await tokens.end();
  expect([used, endings]).toEqual([["refresh-of-first"], ["renewed-1"]]);
});

test("a session that is over already has been ended; whatever else hinders it is tried once and said", async () => {
  const stopped = await setUp();
  stopped.script.end = async () => {
    throw new ControlPlaneRefusal({ status: 401, code: "session_ended", message: "This session is over." });
  };
  await stopped.tokens.end();
  const forgotten = await setUp();
  forgotten.clock.pass(5 * 60 * minuteMs);
  forgotten.script.refresh = async () => {
    throw revoked;
  };
  await forgotten.tokens.end();
  const alone = await setUp();
  alone.script.end = async () => {
    throw down;
  };
  await expect(alone.tokens.end()).rejects.toBe(down);
  expect([stopped, forgotten, alone].map(({ endings }) => endings.length)).toEqual([1, 0, 1]);
});
