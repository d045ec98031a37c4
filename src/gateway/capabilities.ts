import { randomBytes } from "node:crypto";
import type { Call } from "#catalogue";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";

/**
 * A URL Google issued through us that works without a bearer token. The agent holds a copy whose query is an opaque
 * handle; what Google put there stays here, in memory: after a restart the upload starts anew.
 */
export interface Capability {
  readonly kind: "signed_url" | "resumable_upload";
  readonly sessionId: string;
  /** What the connection was through which Google issued it. */
  readonly connectionVersion: string;
  readonly host: string;
  readonly path: string;
  readonly methods: readonly string[];
  /** Google's own query, without the question mark. */
  readonly query: Secret;
  /** What using it means; judged by the policies at every use. */
  readonly call: Call;
  /** Whether a person approved the exchange that opened it, in which case each part of the upload need not be asked for. */
  readonly isApproved: boolean;
}

export type NewCapability = Omit<Capability, "methods">;

/** One use of a capability URL, as it came off the wire. */
export interface CapabilityUse {
  readonly host: string;
  readonly method: string;
  readonly target: string;
}

export interface CapabilityRegister {
  /** Path and query for the agent. */
  issue(capability: NewCapability): string;
  /** The capability behind a handle if it is this session's, for this host, path and verb, and still alive. */
  find(use: CapabilityUse, sessionId: string): Capability | undefined;
  /**
   * Whose handle it is: a signed upload that carries nothing else still says which session it belongs to. Of a resumable upload
   * nobody is told: its client sends its token with every part, and the credential that goes along is ours.
   */
  sessionOf(use: CapabilityUse): string | undefined;
  forgetSession(sessionId: string): void;
}

interface Entry {
  readonly capability: Capability;
  readonly endsAtMs: number;
}

/** Verbs of each kind: uploads by signed URL are one PUT; a resumable session is written, asked and cancelled. */
const methodsOf: Record<Capability["kind"], readonly string[]> = {
  signed_url: ["PUT"],
  resumable_upload: ["PUT", "POST", "GET", "DELETE"],
};

export function createCapabilityRegister(
  clock: Clock,
  newHandle: () => string = () => randomBytes(24).toString("base64url"),
): CapabilityRegister {
  // Owned here. Oldest first within a session, because maps keep the order of insertion.
  const sessions = new Map<string, Map<string, Entry>>();
  const owners = new Map<string, string>();

  function remember(handle: string, entry: Entry): void {
    const { sessionId } = entry.capability;
    const own = sessions.get(sessionId) ?? new Map<string, Entry>();
    sessions.set(sessionId, own);
    const [oldest] = own.keys();
    if (own.size >= limits.capabilitiesPerSessionMax && oldest !== undefined) {
      own.delete(oldest);
      owners.delete(oldest);
    }
    own.set(handle, entry);
    owners.set(handle, sessionId);
  }

  function lookUp(use: CapabilityUse): Capability | undefined {
    const parsed = parseHandle(use.target);
    if (parsed === undefined) return undefined;
    const entry = sessions.get(owners.get(parsed.handle) ?? "")?.get(parsed.handle);
    if (entry === undefined || clock.monotonicMs() >= entry.endsAtMs) return undefined;
    const { capability } = entry;
    const isFor =
      capability.host === use.host &&
      capability.path === parsed.path &&
      capability.methods.includes(use.method);
    return isFor ? capability : undefined;
  }

  return {
    issue: (issued) => {
      const handle = newHandle();
      const capability = { ...issued, methods: methodsOf[issued.kind] };
      remember(handle, { capability, endsAtMs: clock.monotonicMs() + lifeMs(issued.kind) });
      return `${issued.path}?gatehouse_handle=${handle}`;
    },
    find: (use, sessionId) => {
      const capability = lookUp(use);
      return capability?.sessionId === sessionId ? capability : undefined;
    },
    sessionOf: (use) => {
      const capability = lookUp(use);
      return capability?.kind === "signed_url" ? capability.sessionId : undefined;
    },
    forgetSession: (sessionId) => {
      for (const handle of sessions.get(sessionId)?.keys() ?? []) owners.delete(handle);
      sessions.delete(sessionId);
    },
  };
}

function parseHandle(target: string): { path: string; handle: string } | undefined {
  const [, path, handle] = /^([^?]+)\?gatehouse_handle=([\w-]{1,64})$/.exec(target) ?? [];
  return path === undefined || handle === undefined ? undefined : { path, handle };
}

function lifeMs(kind: Capability["kind"]): number {
  return kind === "signed_url" ? limits.signedUrlLifeMs : limits.sessionLifeMsMax;
}
