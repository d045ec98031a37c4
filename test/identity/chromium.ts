import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Whether Debian's Chromium is here; otherwise a printed reason. */
export function isChromiumInstalled(): boolean {
  if (existsSync(executablePath)) return true;
  process.stdout.write(`skipped: ${executablePath} is not installed (apt-get install chromium)\n`);
  return false;
}

export interface Chromium {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** A browser with an empty profile that asks nobody but the addresses a test gives it. */
export async function startChromium(): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
