// The home page in a real browser: a new team's first steps, what waits and appears by itself, lines that connect, and what is not shown. Runs in Node.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { operator, rest } from "../helpers/clients.ts";
import { launch, type Role, type Visitor, visit } from "../helpers/dashboard.ts";

const run = promisify(execFile);
const server = inject("server");
const team = "home-pages";
let browser: Browser;
let owner: Visitor;

beforeAll(async () => {
  browser = await launch();
  await operator(server, `/teams/${team}`, { method: "PUT", body: JSON.stringify({ name: "Home <pages>" }) });
  owner = await visit(browser, server, { name: "Olga", team });
});

afterAll(async () => {
  await browser.close();
});

async function tokenOf(username: string, role: Role): Promise<string> {
  const body = JSON.stringify({ username, role, label: "test" });
  const made = await operator(server, `/teams/${team}/tokens`, { method: "POST", body });
  return ((await made.json()) as { token: string }).token;
}

const send = (token: string, method: string, path: string, body: unknown) =>
  rest({ origin: server.origin, team, token }, path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Nothing was complained about, nothing went outside, axe finds nothing, in both themes. */
async function expectSound(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe()).toEqual([]);
  }
  expect([visitor.complaints, visitor.outside]).toEqual([[], []]);
}

/** The steps of the list that are not done. */
const stepsLeft = ({ page }: Visitor) => page.locator("ol.steps a").allTextContents();

it("greets a new team with first steps, says what there is not yet, and is well", async () => {
  const { page } = owner;
  await owner.go("");
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Home <pages>");
  expect(await stepsLeft(owner)).toEqual([
    "Upload a dataset",
    "Connect your assistant",
    "Make the first tool",
    "Invite a colleague",
  ]);
  await page.getByText("Nothing: no votes, no failures, no news.").waitFor();
  await page.getByText("Everything it needs answers.").waitFor();
  await page.getByText(/^None yet\. One is made every night/).waitFor();
  expect(await page.locator(".holdings .number").allTextContents()).toEqual(["0", "0", "0", "0", "0"]);
  await expectSound(owner);
});

it("counts what others bring as it comes, and takes a step off once it is done", async () => {
  const { page } = owner;
  await owner.go("");
  const ana = await tokenOf("ana", "member");
  await send(ana, "PUT", "/datasets/numbers", [{ n: 1 }]);
  await page.locator("#here", { hasText: "Newest: numbers" }).waitFor();
  const proposed = { name: "one", description: "One.", query: "1", justification: "Asked for." };
  await send(ana, "POST", "/proposals/tools", proposed);
  await page.locator("#waiting").getByRole("link", { name: "New tool one" }).waitFor();
  await page.locator("#waiting", { hasText: "0 of 2 votes for; approved by itself in" }).waitFor();
  await owner.go("");
  expect(await stepsLeft(owner)).toEqual(["Connect your assistant", "Make the first tool"]);
  await page.locator("#waiting").getByRole("link", { name: "New tool one" }).click();
  await page.getByRole("button", { name: "Vote for it" }).waitFor();
});

it("shows failures: the team's to admins, their own to members, and nothing of others' to viewers", async () => {
  const ben = await visit(browser, server, { name: "Ben", role: "member", team });
  const token = await tokenOf("ben", "member");
  for (let at = 0; at < 2; at++) await send(token, "POST", "/query", { dataset: "numbers", query: 'error("no")' });
  await expect
    .poll(async () => {
      await owner.go("");
      return owner.page.locator("#waiting").textContent();
    })
    .toMatch(/Failing tools in the last day.*query_dataset failed 2 of 2 times/);
  await ben.go("");
  expect(await ben.page.locator("#waiting").textContent()).toMatch(
    /Your calls that failed in the last day.*query_dataset failed 2 times, last with jq_runtime/,
  );
  expect(await ben.page.getByText("Last backup").count()).toBe(0);
  const vic = await visit(browser, server, { name: "Vic", role: "viewer", team });
  await vic.go("");
  expect(await vic.page.locator("#waiting").textContent()).not.toContain("failed");
  expect(await vic.page.getByText("Your vote").count()).toBe(0);
  expect(await stepsLeft(vic)).toEqual(["Connect your assistant"]);
  await expectSound(vic);
  await vic.context.close();
  await ben.context.close();
});

it("puts the list of steps away for good in this browser", async () => {
  const { page } = owner;
  await owner.go("");
  await page.getByRole("button", { name: "Put this list away" }).click();
  await page.getByRole("heading", { name: "First steps" }).waitFor({ state: "detached" });
  await owner.go("");
  expect(await page.getByRole("heading", { name: "First steps" }).count()).toBe(0);
});

it("gives lines with the team's own address for each client, each under an address of its own", async () => {
  const { page } = owner;
  const origin = owner.base.replace(`/t/${team}`, "");
  await owner.go("");
  const tabs = page.getByRole("navigation", { name: "Client" }).getByRole("link");
  const names = await tabs.allTextContents();
  expect(names).toEqual([
    ...["Claude Code", "Claude Desktop", "Cursor", "VS Code", "ChatGPT and others", "More clients"],
    ...["Python", "TypeScript", "curl", "Command line"],
  ]);
  for (const name of names) {
    await page.getByRole("navigation", { name: "Client" }).getByRole("link", { name, exact: true }).click();
    await page.locator('#connect [aria-current="page"]', { hasText: name }).waitFor();
    expect(await page.locator("#connect pre").allTextContents()).toContainEqual(
      expect.stringContaining(`${origin}/t/${team}`),
    );
  }
  expect(new URL(page.url()).searchParams.get("client")).toBe("command-line");
  await owner.go("?client=claude-code");
  expect(await page.locator("#lines-claude-code").textContent()).toBe(
    `claude mcp add --transport http super-data ${origin}/t/${team}/mcp`,
  );
  await owner.go("?client=more");
  await expectSound(owner);
});

it("gives lines that work as they are: curl and a program", async () => {
  const { page } = owner;
  const env = { ...process.env, SUPER_DATA_TOKEN: await tokenOf("script", "viewer") };
  const line = async (client: string, id: string): Promise<string> => {
    await owner.go(`?client=${client}`);
    return ((await page.locator(id).textContent()) ?? "").replace("localhost", "127.0.0.1");
  };
  const listed = await run("sh", ["-c", await line("curl", "#lines-curl")], { env });
  expect(JSON.parse(listed.stdout)).toMatchObject({ total: 1, datasets: [{ name: "numbers" }] });
  const program = await line("typescript", "#lines-typescript");
  const asked = await run("node", ["--input-type=module-typescript", "--eval", program], { env });
  expect(asked.stdout).toContain("numbers");
});

it("is read without scripts, and tells a stranger nothing", async () => {
  const plain = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await owner.context.storageState(),
  });
  const page = await plain.newPage();
  await page.goto(`${owner.base}?client=cursor`);
  await page.getByRole("heading", { name: "What waits for you" }).waitFor();
  expect(await page.locator("#config-cursor").textContent()).toContain(`/t/${team}/mcp`);
  expect(await page.getByRole("button", { name: "Copy" }).count()).toBe(0);
  await plain.close();
  await operator(server, "/teams/home-others", { method: "PUT" });
  const stranger = await visit(browser, server, { name: "Sam", team: "home-others" });
  await stranger.page.goto(owner.base);
  expect(await stranger.page.content()).not.toContain("numbers");
  await stranger.context.close();
});
