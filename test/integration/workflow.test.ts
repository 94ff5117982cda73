// The team workflow end to end, against the real product: proposed by one person's client, voted on in another's, there for both at once, and told to
// a webhook receiver and on the live feed; and what nobody objects to is approved by time through the real queue.
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { done, proposalOf, proposeTool } from "../helpers/acting.ts";
import { call, connectV1, connectV2, createTeam, createToken, until } from "../helpers/clients.ts";
import { type RunningServer, startServer } from "../helpers/server.ts";

interface Delivery {
  signature: string;
  body: string;
  at: number;
}

const received: Delivery[] = [];
/** How the receiver answers its next deliveries; then 200. */
const answers: number[] = [];
const receiver = createServer((request, response) => {
  void readBody(request).then((body) => {
    received.push({ signature: String(request.headers["x-super-data-signature"]), body, at: Date.now() });
    response.writeHead(answers.shift() ?? 200).end();
  });
});
const scratch = mkdtempSync(join(tmpdir(), "super-data-workflow-"));
let server: RunningServer;
let address: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  address = `http://${host}/hook`;
  const vars = join(scratch, "vars");
  writeFileSync(vars, `WEBHOOK_ALLOWED_HOSTS=${host}\n`);
  server = await startServer({ args: ["--vars", vars] });
});

afterAll(async () => {
  await server?.stop();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(scratch, { recursive: true, force: true });
});

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

/** Waits longer than `until` does: a queue takes its time to deliver a batch. */
async function eventually(probe: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    try {
      return await until(probe, what);
    } catch (error) {
      if (tries === 4) throw error;
    }
  }
}

const bodies = (): { type: string; actor: string; subject: { name: string }; data: Record<string, unknown> }[] =>
  received.map(({ body }) => JSON.parse(body));

/** What a receiver does: the HMAC over time and body, and the time not long ago. */
function isGenuine({ signature, body, at }: Delivery, secret: string): boolean {
  const [, time = "", mac = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  const expected = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
  return mac === expected && Math.abs(at / 1000 - Number(time)) < 300;
}

/** Node's WebSocket takes headers, which the types of browsers do not know. */
const LiveSocket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;

it("goes from a proposal in one client through a vote in the other to a tool in both, and tells everyone", {
  timeout: 180_000,
}, async () => {
  const team = await createTeam(server, "together");
  const [ada, ben] = await Promise.all(
    ["ada", "ben"].map(async (username) => (await createToken(server, team.team, { username, role: "member" })).token),
  );
  if (ada === undefined || ben === undefined) throw new Error("nobody came");
  const owner = await connectV2(team);
  await done(owner, "update_team", { settings: { approval_threshold: 1 } });
  const { secret } = await done<{ secret: string }>(owner, "save_webhook", { name: "receiver", url: address });
  const heard: { type: string; kind: string; name: string; change: string; state?: string }[] = [];
  const live = new LiveSocket(`${team.origin.replace("http", "ws")}/t/${team.team}/live`, {
    headers: { authorization: `Bearer ${ben}` },
  });
  live.addEventListener("message", ({ data }) => heard.push(JSON.parse(String(data))));
  await until(() => heard.length === 1, "the live feed was open");

  const told = { modern: 0, legacy: 0 };
  const author = await connectV2({ ...team, token: ada }, () => void told.modern++);
  const voter = await connectV1({ ...team, token: ben }, () => void told.legacy++);
  await eventually(() => told.modern > 0 && told.legacy > 0, "both listened");
  const clients = [author, voter];
  for (const client of clients) {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain("halved");
  }

  answers.push(503);
  const { proposal } = await done<{ proposal: { id: string; state: string } }>(author, "propose_tool", {
    name: "halved",
    description: "Half of a number.",
    query: "${n} / 2",
    parameters: [{ name: "n", type: "number" }],
    pinned: true,
    justification: "We halve all day.",
    tests: [{ arguments: { n: 8 }, expected: 4 }],
  });
  expect(proposal.state).toBe("pending");
  await eventually(
    () => heard.some(({ kind, name }) => kind === "proposal" && name === proposal.id),
    "the feed had it",
  );
  const before = { ...told };
  const waiting = await done<{ proposals: { id: string }[] }>(voter, "list_proposals", { mine_to_vote: true });
  expect(waiting.proposals.map(({ id }) => id)).toEqual([proposal.id]);
  const voted = await done(voter, "vote_on_proposal", { id: proposal.id, vote: "approve", comment: "Yes." });
  expect(voted).toMatchObject({ settled: "approved", state: "applied", applied_version: 1 });

  await until(
    () => told.modern > before.modern && told.legacy > before.legacy,
    "both were told that the tools changed",
  );
  for (const client of clients) {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("halved");
    expect((await done<{ rows: unknown[] }>(client, "halved", { n: 42 })).rows).toEqual([21]);
  }

  const kinds = ["proposal.submitted", "proposal.voted", "proposal.applied"];
  await eventually(() => kinds.every((kind) => bodies().some(({ type }) => type === kind)), "the receiver had it all");
  expect(received.map((delivery) => isGenuine(delivery, secret))).toEqual(received.map(() => true));
  expect(isGenuine({ ...received[0], body: `${received[0]?.body} ` } as Delivery, secret)).toBe(false);
  const applied = bodies().filter(({ type }) => type === "proposal.applied");
  expect(applied).toEqual([
    expect.objectContaining({
      actor: expect.any(String),
      data: expect.objectContaining({ name: "halved", version: 1 }),
    }),
  ]);
  // The first delivery was turned away with 503; it comes again, under the same id.
  await eventually(async () => {
    const { deliveries } = await done<{ deliveries: { state: string; attempts: number }[] }>(
      owner,
      "list_deliveries",
      {},
    );
    return (
      deliveries.length >= 3 &&
      deliveries.every(({ state }) => state === "delivered") &&
      deliveries.some(({ attempts }) => attempts === 2)
    );
  }, "what was turned away was delivered in the end");

  await until(() => heard.some(({ kind, name }) => kind === "tool" && name === "halved"), "the feed had the tool");
  const events = heard.filter(({ type }) => type === "event").map(({ kind, change, state }) => [kind, change, state]);
  expect(events).toEqual(
    expect.arrayContaining([
      ["proposal", "created", "pending"],
      ["proposal", "updated", "applied"],
      ["tool", "created", undefined],
    ]),
  );
  const inbox = await done<{ notifications: { kind: string }[]; unread: number }>(author, "list_notifications", {});
  expect(inbox.notifications.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["proposal.voted", "proposal.applied"]),
  );
  live.close();
  await Promise.all([owner, author, voter].map((client) => client.close()));
});

it("approves by time, through the queue, what nobody objects to, and leaves alone what somebody does", {
  timeout: 120_000,
}, async () => {
  const team = await createTeam(server, "by-time");
  const owner = await connectV2(team);
  const seconds = 4;
  await done(owner, "update_team", { settings: { auto_approve_timeout: seconds / 3600, admin_veto: false } });
  const ada = await connectV2({
    ...team,
    token: (await createToken(server, team.team, { username: "ada", role: "member" })).token,
  });
  const [liked, disliked] = [await proposeTool(ada, "unopposed", "1"), await proposeTool(ada, "opposed", "1")];
  await done(owner, "vote_on_proposal", { id: disliked, vote: "reject", comment: "I would." });
  expect(await proposalOf(ada, disliked)).toMatchObject({ state: "pending" });
  // Nobody asks for it: what is looked at is the tool, which only the queue and the alarm can bring.
  await eventually(
    async () => !(await call(ada, "run_tool", { name: "unopposed", arguments: {} })).isError,
    "time approved it and the queue applied it",
  );
  expect(await proposalOf(ada, liked)).toMatchObject({ state: "applied", settled_how: "timeout" });
  expect(await proposalOf(ada, disliked)).toMatchObject({ state: "pending", settled_how: null });
  expect((await call(ada, "run_tool", { name: "opposed", arguments: {} })).isError).toBe(true);
  await Promise.all([owner.close(), ada.close()]);
});
