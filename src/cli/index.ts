/**
 * The command line: what people and agents type. It speaks to the server over the control plane like everybody else, and
 * never keeps a token that decides anything. Commands that run modules in this process are in local/, and plug in from
 * main.ts.
 */
export type { CommandTools } from "./command-tools.ts";
export { exitCodes } from "./exit-codes.ts";
export { buildProgram, type ProgramParts, runCommandLine } from "./program.ts";
export type { Settings } from "./settings.ts";
export { processTerminal, type Terminal } from "./terminal.ts";
export { facts, moment, printable, table } from "./text.ts";
