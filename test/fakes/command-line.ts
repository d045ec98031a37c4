// The command line without the commands of local/, as a process: exit status, signals and all.
import { runCommandLine } from "#cli";

process.exitCode = await runCommandLine(process.argv.slice(2), { version: "0.0.0-test", localCommands: [] });
