import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRACTICE_SECRET_VALUE } from "#practice/cloud";
import type { Outcome, RunningCommand, Stage } from "./stage.ts";
import { tamperWithCopy } from "./tampering.ts";

/** What one step of the tour showed. */
export interface StepResult {
  readonly step: string;
  readonly expected: string;
  readonly observed: string;
  readonly ok: boolean;
}

interface Step {
  readonly step: string;
  readonly expected: string;
  run(stage: Stage): Promise<Pick<StepResult, "observed" | "ok">>;
}

const project = "practice-project";
const robot = `robot@${project}.iam.gserviceaccount.com`;
// The Node that runs us: the first on the PATH may be one that reads no TypeScript.
const httpCall = [process.execPath, join(import.meta.dirname, "http-call.ts")];

const read: Step = {
  step: "read",
  expected: `the agent lists projects and sees ${project}`,
  run: async (stage) => {
    const outcome = await listProjects(stage);
    return { observed: summary(outcome), ok: outcome.status === 0 && outcome.stdout.includes(project) };
  },
};

const maskedSecret: Step = {
  step: "masked-secret",
  expected: "the agent reads a secret and gets a placeholder instead of its value",
  run: async (stage) => {
    const outcome = await (stage.hasGcloud
      ? stage.agent("gcloud", "secrets", "versions", "access", "latest", "--secret=db-password")
      : stage.agent(
          ...httpCall,
          "GET",
          `https://secretmanager.googleapis.com/v1/projects/${project}/secrets/db-password/versions/latest:access`,
        )
    ).outcome;
    const seen = `${outcome.stdout}${outcome.stderr}`;
    const hasLeaked = [PRACTICE_SECRET_VALUE, Buffer.from(PRACTICE_SECRET_VALUE).toString("base64")].some(
      (form) => seen.includes(form),
    );
    const reached = stage.quickStart.cloud
      .requests()
      .some(({ path }) => path.includes("db-password/versions/latest:access"));
    return {
      observed: hasLeaked ? "the value came through" : summary(outcome),
      ok: outcome.status === 0 && reached && !hasLeaked && outcome.stdout.trim() !== "",
    };
  },
};

const refused: Step = {
  step: "refused",
  expected:
    "creating a service-account key is refused with the policy's reason and never reaches the upstream",
  run: async (stage) => {
    const outcome = await (stage.hasGcloud
      ? stage.agent(
          "gcloud",
          "iam",
          "service-accounts",
          "keys",
          "create",
          "key.json",
          `--iam-account=${robot}`,
        )
      : stage.agent(
          ...httpCall,
          "POST",
          `https://iam.googleapis.com/v1/projects/-/serviceAccounts/${robot}/keys`,
          "{}",
        )
    ).outcome;
    const reached = stage.quickStart.cloud
      .requests()
      .some(({ method, path }) => method === "POST" && path.endsWith("/keys"));
    const said = `${outcome.stdout}${outcome.stderr}`;
    return {
      observed: reached ? "the call reached the upstream" : summary(outcome),
      ok: outcome.status !== 0 && !reached && said.includes("Use workload identity"),
    };
  },
};

const heldDeployment: Step = {
  step: "held-deployment",
  expected: "a function deployment waits, runs once after an approver said yes, and not before",
  run: async (stage) => {
    const deployment = await deploy(stage);
    const approval = await pendingApproval(stage, deployment);
    const before = creations(stage);
    const vote = await stage.gatehouse(
      "approvals",
      "approve",
      approval,
      "--as",
      "approver@example.com",
      "--json",
    );
    const outcome = await deployment.outcome;
    const after = creations(stage);
    return {
      observed: `${approval}: ${before} creations while held, ${after} after approval; ${summary(outcome)}`,
      ok: before === 0 && vote.status === 0 && outcome.status === 0 && after === 1,
    };
  },
};

const rotation: Step = {
  step: "key-rotation",
  expected: "the upstream key is replaced and revoked in mid-session, and the agent notices nothing",
  run: async (stage) => {
    const { cloud, keyFile } = stage.quickStart;
    const list = stage.hasGcloud
      ? "gcloud projects list --format=value\\(projectId\\)"
      : `${httpCall.join(" ")} GET https://cloudresourcemanager.googleapis.com/v1/projects`;
    const session = stage.agent("sh", "-c", `${list} && echo first-call-done && read go && ${list}`);
    await printed(session, "first-call-done");
    const old = keyIdOf(readFileSync(keyFile, "utf8"));
    writeFileSync(keyFile, JSON.stringify(await cloud.issueKey()), { mode: 0o600 });
    cloud.revokeKey(old);
    session.process.stdin?.end("go\n");
    const outcome = await session.outcome;
    const listings = outcome.stdout.split(project).length - 1;
    return {
      observed: `${listings >= 2 ? "both" : "not both"} calls answered; ${summary(outcome)}`,
      ok: outcome.status === 0 && listings >= 2,
    };
  },
};

const verification: Step = {
  step: "log-verification",
  expected: "the audit log verifies: every entry, every checkpoint",
  run: async (stage) => {
    const outcome = await stage.gatehouse("audit", "verify", stage.data);
    return { observed: summary(outcome), ok: outcome.status === 0 };
  },
};

const tampering: Step = {
  step: "tampering",
  expected: "one byte changed in a copy of the database is detected and its place named",
  run: async (stage) => {
    const { copy, index } = await tamperWithCopy(stage.data, join(stage.folder, "tampered"));
    const outcome = await stage.gatehouse("audit", "verify", copy);
    return {
      observed: summary(outcome),
      ok: outcome.status !== 0 && new RegExp(`\\b${index}\\b`).test(`${outcome.stdout}${outcome.stderr}`),
    };
  },
};

export const tour: readonly Step[] = [
  read,
  maskedSecret,
  refused,
  heldDeployment,
  rotation,
  verification,
  tampering,
];

export async function takeStep(step: Step, stage: Stage): Promise<StepResult> {
  try {
    return { step: step.step, expected: step.expected, ...(await step.run(stage)) };
  } catch (error) {
    return { step: step.step, expected: step.expected, observed: `failed: ${String(error)}`, ok: false };
  }
}

function listProjects(stage: Stage): Promise<Outcome> {
  return (
    stage.hasGcloud
      ? stage.agent("gcloud", "projects", "list", "--format=value(projectId)")
      : stage.agent(...httpCall, "GET", "https://cloudresourcemanager.googleapis.com/v1/projects")
  ).outcome;
}

async function deploy(stage: Stage): Promise<RunningCommand> {
  if (!stage.hasGcloud)
    return stage.agent(process.execPath, join(import.meta.dirname, "http-deploy.ts"), project, "greet");
  const source = join(stage.folder, "function");
  await mkdir(source, { recursive: true });
  await writeFile(
    join(source, "index.js"),
    'exports.greet = (request, response) => response.send("hello");\n',
  );
  await writeFile(join(source, "package.json"), '{"name":"greet","main":"index.js"}\n');
  const flags = [
    "--gen2",
    "--region=us-central1",
    "--runtime=nodejs22",
    "--trigger-http",
    "--entry-point=greet",
    "--no-allow-unauthenticated",
  ];
  return stage.agent("gcloud", "functions", "deploy", "greet", `--source=${source}`, ...flags);
}

function creations(stage: Stage): number {
  return stage.quickStart.cloud
    .requests()
    .filter(({ method, path }) => method === "POST" && path.endsWith("/locations/us-central1/functions"))
    .length;
}

/** Asks the inbox until the held call is there; gives up when the command ends without being held. */
async function pendingApproval(stage: Stage, deployment: RunningCommand): Promise<string> {
  const { process: child } = deployment;
  while (child.exitCode === null && child.signalCode === null) {
    const inbox = await stage.gatehouse("approvals", "list", "--as", "approver@example.com", "--json");
    const id = /"id":\s*"(apr_[^"]+)"/.exec(inbox.stdout)?.[1];
    if (id !== undefined) return id;
  }
  throw new Error(`the deployment was not held: ${summary(await deployment.outcome)}`);
}

function printed(command: RunningCommand, marker: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = "";
    command.process.stdout?.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(marker)) resolve();
    });
    void command.outcome.then((outcome) =>
      reject(new Error(`ended before "${marker}": ${summary(outcome)}`)),
    );
  });
}

function keyIdOf(keyFile: string): string {
  return /"private_key_id":\s*"([^"]+)"/.exec(keyFile)?.[1] ?? "";
}

/** The last thing a command said, and its exit status. */
function summary({ status, stdout, stderr }: Outcome): string {
  const said = (stdout.trim() === "" ? stderr : stdout).trim().replaceAll(/\s+/g, " ");
  return `exit ${status}: ${said.length > 300 ? `${said.slice(0, 300)}…` : said}`;
}
