import type { z } from "zod";
import { ControlPlaneRefusal, callControlPlane } from "#agent";
import { type ExchangeDetail, exchangeDetail, type SessionDetail, sessionDetail } from "#api";
import { consoleSignIn } from "./console-sign-in.ts";
import { patiently } from "./patience.ts";
import { findServer } from "./server.ts";
import type { Settings } from "./settings.ts";

/** Reads sessions as somebody who signed in just now; what it is answered is on record at the server. */
export interface SessionReader {
  /** With its newest exchanges, or the newest before the one named, without what was recorded of them. */
  session(id: string, before: string | undefined): Promise<SessionDetail>;
  exchange(session: string, exchange: string): Promise<ExchangeDetail>;
}

export async function openSessionReader(
  person: string | undefined,
  settings: Settings,
): Promise<SessionReader> {
  const { terminal } = settings;
  const server = await findServer(settings);
  let { idToken: bearer } = await consoleSignIn(server, person, terminal);
  let isUsed = false;

  async function ask<Shape extends z.ZodType>(path: string, answer: Shape): Promise<z.output<Shape>> {
    try {
      const { url } = server;
      const answered = await patiently(() => callControlPlane({ url, bearer, path, answer }), terminal);
      isUsed = true;
      return answered;
    } catch (error) {
      // A sign-in that showed something and does not any more is over. One that never did would not the next time.
      const isOver = isUsed && error instanceof ControlPlaneRefusal && error.status === 401;
      if (!isOver) throw error;
      terminal.err(
        "The sign-in is over: it shows recordings for some minutes only. Sign in again to see the rest.",
      );
      ({ idToken: bearer } = await consoleSignIn(server, person, terminal));
      isUsed = false;
      return ask(path, answer);
    }
  }

  return {
    session: (id, before) =>
      ask(`/api/v1/sessions/${id}${before === undefined ? "" : `?before=${before}`}`, sessionDetail),
    exchange: (session, exchange) => ask(`/api/v1/sessions/${session}/exchanges/${exchange}`, exchangeDetail),
  };
}

/** Where the exchanges before those of one answer are. */
export function earlierText(next: string): string {
  return `There are exchanges before these: --before ${next} shows them.`;
}
