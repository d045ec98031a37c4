import { exportJWK, generateKeyPair, SignJWT } from "jose";
import {
  completeMachine,
  type Identity,
  type MachineKind,
  type MachineSettings,
  type Network,
  type WrittenMachine,
} from "#identity";
import { type IdentityUnderTest, identityUnderTest } from "./identity-under-test.ts";

type Claims = Record<string, unknown>;

/** Where workloads of each kind get their tokens, in these tests. */
export const machineIssuers: Readonly<Record<MachineKind, string>> = {
  kubernetes: "https://cluster.example.com",
  github_actions: "https://token.actions.githubusercontent.com",
  google: "https://accounts.google.com",
  cursor: "https://api.cursor.com",
  custom: "https://build.example.com",
};

export const machineKindNames: readonly MachineKind[] = [
  "kubernetes",
  "github_actions",
  "google",
  "cursor",
  "custom",
];

export const machineAudience = "https://gatehouse.example.com";

/** What an honest workload's token says, besides issuer, audience and times. */
export const honestClaims: Readonly<Record<MachineKind, Claims>> = {
  kubernetes: {
    sub: "system:serviceaccount:agents:runner",
    "kubernetes.io": {
      namespace: "agents",
      pod: { name: "runner-7d9f", uid: "9d3a2b1c-0000-4000-8000-000000000001" },
      serviceaccount: { name: "runner", uid: "9d3a2b1c-0000-4000-8000-000000000002" },
    },
  },
  github_actions: {
    sub: "repo:octo/deploy:ref:refs/heads/main",
    repository: "octo/deploy",
    repository_id: "74",
    repository_owner: "octo",
    repository_owner_id: "65",
    actor: "octocat",
    event_name: "push",
    ref: "refs/heads/main",
    environment: "production",
    workflow_ref: "octo/deploy/.github/workflows/deploy.yml@refs/heads/main",
    run_id: "1234567890",
  },
  google: {
    sub: "112233445566778899001",
    azp: "112233445566778899001",
    email: "agent@project.iam.gserviceaccount.com",
    email_verified: true,
  },
  cursor: {
    sub: "user:u_42",
    owner_user_id: "u_42",
    owner_email: "developer@example.com",
    team_id: "7",
    cloud_agent_id: "bc-0001",
    agent_runtime: "managed",
    repo_urls: ["github.com/octo/deploy"],
  },
  custom: { sub: "build-7" },
};

const fence = (claim: string, value: string): WrittenMachine["allow"][number] => ({
  claim: [claim],
  demand: { kind: "equals", value },
});

const honestConditions: Readonly<Record<MachineKind, WrittenMachine["allow"]>> = {
  kubernetes: [{ claim: ["kubernetes.io", "namespace"], demand: { kind: "equals", value: "agents" } }],
  github_actions: [fence("repository_id", "74"), fence("ref", "refs/heads/main")],
  google: [fence("email", "agent@project.iam.gserviceaccount.com")],
  cursor: [fence("team_id", "7")],
  custom: [fence("sub", "build-7")],
};

/** As an operator would write it; throws if that is objected to. */
export function machineOf(kind: MachineKind, changes: Partial<WrittenMachine> = {}): MachineSettings {
  const completion = completeMachine(writtenMachine(kind, changes));
  if (completion.kind === "machine") return completion.machine;
  throw new Error(completion.objection);
}

export function writtenMachine(kind: MachineKind, changes: Partial<WrittenMachine> = {}): WrittenMachine {
  return {
    name: "robot",
    kind,
    issuer: kind === "kubernetes" || kind === "custom" ? machineIssuers[kind] : undefined,
    audience: machineAudience,
    algorithms: ["ES256"],
    keySource: undefined,
    allow: honestConditions[kind],
    groups: ["engineering"],
    connections: undefined,
    emailDomains: kind === "cursor" ? ["example.com"] : undefined,
    ownClaims: { subject: undefined, agent: undefined, displayName: undefined },
    ...changes,
  };
}

export interface MachinesUnderTest extends IdentityUnderTest {
  /** Signed by the machine's issuer; members set to `undefined` are left out. */
  token(claims?: Claims, header?: Claims): Promise<string>;
  /** What becomes of it as a bearer token: its proof, or why it was refused. */
  ask(token: string): Promise<string>;
  readonly networkOf: (issuer: string) => Network;
  exchange(token: string, form?: Claims): ReturnType<Identity["tokenEndpoint"]["answer"]>;
}

/** The identity module with machine identities whose issuer is a fake. */
export async function machinesUnderTest(
  kind: MachineKind,
  machines: readonly MachineSettings[] = [machineOf(kind)],
): Promise<MachinesUnderTest> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "robot-key", alg: "ES256", use: "sig" };
  const issuer = machineIssuers[kind];
  const parts = await identityUnderTest();
  const fetchJson = async ({ href }: URL): Promise<unknown> => {
    if (href === `${issuer}/.well-known/openid-configuration`) return { issuer, jwks_uri: `${issuer}/keys` };
    if (href === `${issuer}/keys`) return { keys: [jwk] };
    throw new Error(`404 ${href}`);
  };
  const network = { ...parts.issuer.network, fetchJson };
  const networkOf = (of: string): Network => (of === issuer ? network : parts.issuer.network);
  const identity = await parts.restart({ machines, networkOf });
  const nowS = (): number => Math.floor(parts.clock.now().getTime() / 1000);
  return {
    ...parts,
    identity,
    networkOf,
    token: (claims = {}, header = {}) => {
      const times = { iat: nowS(), nbf: nowS(), exp: nowS() + 300 };
      return new SignJWT({ iss: issuer, aud: machineAudience, ...times, ...honestClaims[kind], ...claims })
        .setProtectedHeader({ alg: "ES256", kid: "robot-key", ...header })
        .sign(privateKey);
    },
    ask: async (token) => {
      const answer = await identity.authenticator.authenticate(token);
      return answer.kind === "refused" ? answer.code : answer.caller.proof;
    },
    exchange: (token, form = {}) =>
      identity.tokenEndpoint.answer({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: token,
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        ...form,
      }),
  };
}
