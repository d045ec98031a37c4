import { expect, test } from "vitest";
import {
  approvalStore,
  auditStore,
  custodyStore,
  type Database,
  foldNames,
  loginStore,
  sessionStore,
} from "../../src/storage/stores/index.ts";

/** How an engine comes to rows that an earlier Gatehouse wrote. */
export interface EarlierDatabases {
  /** An SQL expression for these bytes. */
  bytes(text: string): string;
  /** A database as it was after so many migrations, given these rows then, and opened by us now. */
  opened(migrations: number, rows: readonly string[]): Promise<Database>;
}

interface Row {
  readonly session: string;
  readonly principal?: string;
  readonly agent?: string;
}

export function earlierDataContract(name: string, { bytes, opened }: EarlierDatabases): void {
  const text = (value: string | undefined): string => (value === undefined ? "NULL" : `'${value}'`);
  const log = (entries: readonly Row[]): string[] => [
    "INSERT INTO audit_head VALUES (1, 'a.example/log', 0)",
    ...entries.flatMap(({ session, principal, agent }, n) => [
      `UPDATE audit_head SET next_index = ${n + 1}`,
      `INSERT INTO audit_entry (entry_index, leaf, leaf_hash)
        VALUES (${n}, ${bytes(JSON.stringify({ kind: "x", session }))}, ${bytes("0".repeat(32))})`,
      `INSERT INTO audit_listing (entry_index, t, kind, session_id, principal, agent)
        VALUES (${n}, '', 'x', '${session}', ${text(principal)}, ${text(agent)})`,
    ]),
  ];
  const session = (id: string, email: string | undefined, subject: string): string =>
    `INSERT INTO session (id, principal_id, issuer, subject, email, groups, agent, started_at, ends_at)
      VALUES ('${id}', 'id-of-${subject}', 'i', '${subject}', ${text(email)}, '[]', 'agent-of-${id}', 0, 9000)`;
  const denied = (id: string, sessionId: string): string[] => [
    `INSERT INTO approval_request (id, state, fingerprint, match_key, exchange_id, session_id, requester_id, requester, agent,
        connection, operation_id, operation_class, resource_name, preview, requirements, policy_version, created_at, decide_by,
        decided_at, recorded)
      VALUES ('${id}', 'denied', 'f', '${id}', 'x', '${sessionId}', 'erased',
        '{"id":"erased","issuer":"erased","subject":"erased","email":null,"groups":[]}', 'agent-of-${sessionId}',
        'prod', 'o', 'write', '', '', '[]', 'v', 0, 1, 1, 1)`,
    `INSERT INTO approval_vote (request_id, ordinal, approver_id, approver, verdict, reason, at)
      VALUES ('${id}', 0, 'a', '{"id":"a","issuer":"i","subject":"a","email":null,"groups":[]}', 'deny', 'why-${sessionId}', 1)`,
  ];

  test(`${name}: whoever was written before names were folded in code is found, held, stopped and signed out after the next start`, async () => {
    const [email, found] = ["JÜRGEN@example.com", "jürgen@example.com"];
    const database = await opened(14, [
      ...log([
        { session: "ses_1" },
        { session: "ses_1", principal: "somebody@else.example" },
        { session: "ses_2" },
      ]),
      session("ses_1", email, "s-1"),
      session("ses_2", undefined, "Subject-2"),
      `UPDATE audit_listing SET principal = lower('${email}') WHERE entry_index = 0`,
      `INSERT INTO login (digest, principal_id, issuer, subject, email, groups, machine, started_at, ends_at)
        VALUES ('d', 'p', 'i', 's', '${email}', '[]', 'laptop', 0, 9000)`,
      `INSERT INTO audit_hold (id, reason, set_by, set_at, principal) VALUES ('hld_1', 'lawsuit', '{}', 0, '${found}')`,
      `INSERT INTO audit_hold (id, reason, set_by, set_at, resource) VALUES ('hld_2', 'lawsuit', '{}', 0, 'b/${"x".repeat(700)}')`,
      `UPDATE audit_listing SET resource = 'b/${"x".repeat(598)}' WHERE entry_index = 2`,
    ]);
    for (let starts = 0; starts < 2; starts += 1) await foldNames(database);
    const { entries } = await auditStore(database).findEntries({ filter: { principal: found }, limit: 10 });
    expect(entries.map(({ index }) => index)).toEqual([0]);
    expect(await auditStore(database).aboutOf(1)).toEqual({ principal: "somebody@else.example" });
    expect(await custodyStore(database).isHeld("ses_1")).toBe(true);
    expect(await custodyStore(database).isHeld("ses_2")).toBe(true);
    expect(await sessionStore(database).stop({ principal: found }, new Date(1))).toEqual(["ses_1"]);
    expect(await loginStore(database).revoke({ principal: found }, new Date(1))).toBe(1);
  });

  test(`${name}: what earlier erasures left of reasons and agents' names is gone after the migration, and nothing else`, async () => {
    const database = await opened(14, [
      ...log([
        { session: "ses_gone" },
        { session: "ses_gone", principal: "erased", agent: "agent-of-ses_gone" },
        { session: "ses_kept", principal: "dev@example.com", agent: "agent-of-ses_kept" },
      ]),
      session("ses_gone", undefined, "erased"),
      session("ses_kept", "dev@example.com", "dev"),
      ...denied("apr_gone", "ses_gone"),
      ...denied("apr_kept", "ses_kept"),
      `INSERT INTO audit_data_key (key_id, scope, made_at, erased_at, erasure_entry)
        VALUES ('ses_gone', 'session', 0, 1, 1)`,
    ]);
    const [sessions, approvals, audit] = [
      sessionStore(database),
      approvalStore(database),
      auditStore(database),
    ];
    const left = async (which: string) => [
      (await sessions.find(`ses_${which}`))?.agent,
      (await approvals.find(`apr_${which}`))?.agent,
      (await approvals.find(`apr_${which}`))?.votes.map(({ verdict, reason }) => `${verdict} ${reason}`),
    ];
    expect(await left("gone")).toEqual(["erased", "erased", ["deny undefined"]]);
    expect(await left("kept")).toEqual(["agent-of-ses_kept", "agent-of-ses_kept", ["deny why-ses_kept"]]);
    expect(await audit.aboutOf(1)).toEqual({ principal: "erased" });
    expect(await audit.aboutOf(2)).toEqual({ principal: "dev@example.com", agent: "agent-of-ses_kept" });
  });
}
