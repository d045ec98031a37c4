import { CommanderError } from "commander";
import { ControlPlaneRefusal } from "#agent";
import { GatehouseError, messageOf } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";
import { printable } from "./text.ts";

/** A run that came to nothing before its command started: told apart from whatever the command itself may return. */
export class NotStarted extends Error {}

export interface FailureStyle {
  readonly isJson: boolean;
}

/** Says what went wrong in a sentence and returns the exit status. Stack traces are for GATEHOUSE_DEBUG=1. */
export function reportFailure(error: unknown, terminal: Terminal, { isJson }: FailureStyle): number {
  // Commander has printed help, version or its usage error already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof NotStarted) {
    const code = reportFailure(error.cause, terminal, { isJson });
    const isTelling = code === exitCodes.usage || code === exitCodes.logContradicted;
    return isTelling ? code : exitCodes.notStarted;
  }
  const { code, message, next } = describe(error);
  if (isJson) terminal.err(printableJson({ error: { code, message, next } }));
  else
    terminal.err(printable(next === undefined ? `gatehouse: ${message}` : `gatehouse: ${message}\n${next}`));
  if (terminal.environment["GATEHOUSE_DEBUG"] === "1" && error instanceof Error) {
    terminal.err(printable(`${error.stack ?? ""}${causes(error)}`));
  }
  return exitCodeOf(code);
}

function describe(error: unknown): { code: string; message: string; next: string | undefined } {
  if (error instanceof ControlPlaneRefusal) {
    return { code: error.code, message: error.message, next: error.next };
  }
  if (error instanceof GatehouseError) return { code: error.code, message: error.message, next: undefined };
  return {
    code: "internal",
    message: `Something is wrong in Gatehouse itself: ${messageOf(error)}`,
    next: "Run the command again with GATEHOUSE_DEBUG=1 for details.",
  };
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? ""}${causes(error.cause)}` : "";
}
