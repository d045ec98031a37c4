#!/usr/bin/env node
// Plain JavaScript for any Node from 18. It looks at the version before anything else is imported: under an older Node
// our dependencies do not fail with a sentence, some crash the process. The pinned Node comes with our packages.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const needed = 24;

if (Number(process.versions.node.split(".")[0]) >= needed) {
  // Commands that we start may start us again, under the older Node.
  delete process.env.GATEHOUSE_RUN_AGAIN;
  const { main } = await import("../src/main.ts");
  const status = await main(process.argv.slice(2));
  // A command may have set a status itself while others were still at work.
  if (status !== 0) process.exitCode = status;
} else {
  runAgain(pinnedNode());
}

function pinnedNode() {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return manifest.replace(/package\.json$/, process.platform === "win32" ? "bin/node.exe" : "bin/node");
  } catch {
    return undefined;
  }
}

function runAgain(node) {
  if (node === undefined || process.env.GATEHOUSE_RUN_AGAIN === "1") {
    console.error(
      `gatehouse: needs Node ${needed}, and this is Node ${process.versions.node}. Install Node ${needed}, or run \`npm ci\` in Gatehouse's folder where a pinned one exists (Linux and Windows).`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, GATEHOUSE_RUN_AGAIN: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    // What is typed at a terminal reaches the whole foreground group; passing it on would double it.
    const isTyped = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
    process.on(signal, () => (isTyped ? undefined : child.kill(signal)));
  }
  child.on("error", (error) => {
    console.error(
      `gatehouse: cannot start ${node}: ${error.message}. Run \`npm ci\` in Gatehouse's folder again.`,
    );
    process.exit(1);
  });
  child.on("exit", (status, signal) => {
    process.exit(status ?? 128 + (signal ? constants.signals[signal] : 0));
  });
}
