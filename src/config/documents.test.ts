import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { limits } from "#lib/limits";
import { watchDocuments } from "./documents.ts";

test("a file that is still being written when the clock looks is left until it stays as it is", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const folder = mkdtempSync(join(tmpdir(), "documents-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "policies.yaml");
  writeFileSync(file, "policies: []\n");
  const onChange = vi.fn();
  const watcher = watchDocuments([folder], onChange);
  onTestFinished(() => watcher.close());
  vi.advanceTimersByTime(3 * limits.documentsLookMs);
  onChange.mockClear();
  for (const part of ["- name: allow", "- name: allow\n- name: de", "- name: allow\n- name: deny\n"]) {
    writeFileSync(file, part);
    vi.advanceTimersByTime(limits.documentsLookMs);
    expect(onChange).not.toHaveBeenCalled();
  }
  vi.advanceTimersByTime(3 * limits.documentsLookMs);
  expect(onChange).toHaveBeenCalledOnce();
});
