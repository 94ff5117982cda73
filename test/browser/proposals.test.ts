// Proposals in real browsers: two people at once, a vote on exactly what was read, a discussion that loses no word, suggestions. Runs in Node.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { operator, rest } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const team = "proposal-pages";
const hostile = `<img src=x onerror="alert(1)"> {{ 7*7 }} </textarea>`;
let browser: Browser;
let ana: Visitor;
let ben: Visitor;
let token: string;

interface Shown {
  proposal: { id: string; edition: number; state: string };
}

beforeAll(async () => {
  browser = await launch();
  await operator(server, `/teams/${team}`, { method: "PUT" });
  [ana, ben] = [
    await visit(browser, server, { name: "Ana", role: "member", team }),
    await visit(browser, server, { name: "Ben", role: "member", team }),
  ];
  const body = JSON.stringify({ username: "ana", role: "member", label: "test" });
  const made = await operator(server, `/teams/${team}/tokens`, { method: "POST", body });
  ({ token } = (await made.json()) as { token: string });
});

afterAll(async () => {
  await browser.close();
});

const api = (path: string, init: RequestInit = {}) =>
  rest({ origin: server.origin, team, token }, path, {
    ...init,
    headers: { "content-type": "application/json" },
  });

/** A new tool, proposed by ana. */
async function propose(name: string, more: object = {}): Promise<string> {
  const input = { name, description: "Says one.", query: "1", justification: "Asked for weekly.", ...more };
  const answer = await api("/proposals/tools", { method: "POST", body: JSON.stringify(input) });
  return ((await answer.json()) as Shown).proposal.id;
}

async function edit(id: string, query: string): Promise<void> {
  const answer = await api(`/proposals/${id}`, { method: "PATCH", body: JSON.stringify({ content: { query } }) });
  expect(answer.status).toBe(200);
}

async function stateOf(id: string): Promise<string> {
  return ((await (await api(`/proposals/${id}`)).json()) as Shown).proposal.state;
}

/** Nothing was complained about, nothing went outside, axe finds nothing, in both themes. */
async function expectSound(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe()).toEqual([]);
  }
  expect([visitor.complaints, visitor.outside]).toEqual([[], []]);
}

/** A text, once it is there. */
const sees = (visitor: Visitor, text: string | RegExp) => visitor.page.getByText(text).first().waitFor();

describe("two people", () => {
  it("discuss and vote at once: each sees the other's word, and none loses their own", async () => {
    const cleo = await visit(browser, server, { name: "Cleo", role: "member", team });
    const tests = [{ name: "is one", arguments: {}, expected: 1 }];
    const id = await propose("one", { justification: hostile, tests });
    await ana.go(`/proposals/${id}`);
    await ben.go(`/proposals/${id}`);
    expect(await ana.page.title()).toBe(`New tool one · ${team} · Super Data`);
    await sees(ana, /^Becomes part of the library on \d+ \w+ \d{4}, \d\d:\d\d UTC if nobody objects\./);
    await sees(ana, "1 of 1 hold");
    expect(await ana.page.locator("#vote-form").count()).toBe(0);
    expect(await ana.page.locator("#proposal img, #timeline img").count()).toBe(0);
    await sees(ana, hostile);
    await expectSound(ben);

    await ana.page.locator("#comment").fill("I am still wri");
    await ben.page.locator("#comment").fill(`Should it be two? ${hostile}`);
    await ben.page.getByRole("button", { name: "Say it" }).click();
    await sees(ana, "Should it be two?");
    await ben.page.locator("#vote-comment").fill("Fine by me.");
    await ben.page.getByRole("button", { name: "Vote for it" }).click();
    await sees(ben, "Your vote counts.");
    await sees(ana, "voted for it");
    await sees(ana, "Fine by me.");
    expect(await ana.page.locator("#comment").inputValue()).toBe("I am still wri");
    expect(await ana.page.locator("#timeline img").count()).toBe(0);

    await cleo.go(`/proposals/${id}`);
    await cleo.page.getByRole("button", { name: "Vote for it" }).click();
    await sees(cleo, "Your vote settled it");
    await sees(ana, /It is in use as version 1\./);
    expect(await ana.page.locator("#comment").inputValue()).toBe("I am still wri");
    await ana.page.getByRole("button", { name: "Say it" }).click();
    await sees(ana, "I am still wri");
    await expectSound(ana);
    await cleo.context.close();
  });

  it("vote only on what they have read: an edit meanwhile holds the vote back until it is shown", async () => {
    const id = await propose("edited");
    await ben.go(`/proposals/${id}`);
    await ben.page.locator("#vote-comment").fill("One is right.");
    await edit(id, "41 + 1");
    await sees(ben, "This proposal was edited while you read it.");
    const approve = ben.page.getByRole("button", { name: "Vote for it" });
    expect(await approve.isDisabled()).toBe(true);
    expect(await ben.page.getByText("41 + 1").count()).toBe(0);
    expect(await ben.axe()).toEqual([]);
    await ben.page.getByRole("link", { name: "Show what is proposed now" }).click();
    await ben.page.locator("#proposal", { hasText: "41 + 1" }).waitFor();
    expect(await ben.page.locator("#vote-comment").inputValue()).toBe("One is right.");
    await approve.click();
    await sees(ben, "Your vote counts.");
    await expectSound(ben);
  });

  it("are refused a vote on an edition that is gone, without scripts too, and keep what they wrote", async () => {
    const id = await propose("moved");
    const plain = await browser.newContext({
      javaScriptEnabled: false,
      storageState: await ben.context.storageState(),
    });
    const page = await plain.newPage();
    await page.goto(`${ben.base}/proposals/${id}`);
    await page.locator("#vote-comment").fill("As I read it.");
    await edit(id, "2");
    await page.getByRole("button", { name: "Vote against it" }).click();
    expect((await page.locator("#problem").textContent())?.trim()).toBe(
      `The proposal ${id} was edited: it is at edition 2, not 1. Read it again with get_proposal, then decide.`,
    );
    expect(await page.locator("#vote-comment").inputValue()).toBe("As I read it.");
    expect(await page.locator("#proposal").textContent()).toContain("edition 2");
    expect(await stateOf(id)).toBe("pending");
    await page.getByRole("button", { name: "Vote against it" }).click();
    expect(await page.locator("#done").textContent()).toBe(
      "Your vote counts. It can be changed until the proposal is settled.",
    );
    await plain.close();
  });
});

describe("its author", () => {
  it("edits it; what cannot be read or does not hold is said, and nothing is lost", async () => {
    const { page } = ana;
    const id = await propose("reworked", { tests: [{ name: "one", expected: 1 }] });
    await ana.go(`/proposals/${id}/edit`);
    await expectSound(ana);
    await page.getByLabel("Description").fill("Says two.");
    await page.getByLabel("Tests").fill("- name: [open");
    await page.getByRole("button", { name: "Save and open to votes" }).click();
    await sees(ana, "Tests cannot be read as YAML");
    expect(await page.getByLabel("Description").inputValue()).toBe("Says two.");
    await page.getByLabel("Tests").fill("- name: two\n  expected: 2\n");
    await page.getByRole("button", { name: "Save and open to votes" }).click();
    await sees(ana, "Nothing was proposed of reworked: 1 of 1 tests fail: two.");
    await page.getByLabel("Tests").fill("- name: one\n  expected: 1\n");
    await page.getByRole("button", { name: "Save and open to votes" }).click();
    await sees(ana, "Edited. Votes begin anew.");
    await sees(ana, "Says two.");
    await sees(ana, "edited it: edition 2; votes began anew");
  });

  it("resolves a conflict with both sides in view", async () => {
    const { page } = ana;
    const body = JSON.stringify({ username: "adam", role: "admin", label: "test" });
    const made = await operator(server, `/teams/${team}/tokens`, { method: "POST", body });
    const admin = ((await made.json()) as { token: string }).token;
    const save = async (query: string) => {
      const target = { origin: server.origin, team, token: admin };
      const init = { method: "PUT", headers: { "content-type": "application/json" } };
      const tool = JSON.stringify({ description: "Says.", query });
      expect((await rest(target, "/library/tools/contested", { ...init, body: tool })).status).toBeLessThan(300);
    };
    await save("1");
    const id = await propose("contested", { description: "Says.", query: "2" });
    await ana.go(`/proposals/${id}`);
    await save("3");
    await ana.go(`/proposals/${id}`);
    await sees(ana, /It cannot become part of the library as it is: version 2 and this proposal both changed query\./);
    await page.getByRole("link", { name: "Resolve the conflict" }).click();
    await page.getByRole("heading", { name: "Both sides" }).waitFor();
    await expectSound(ana);
    await page.getByRole("button", { name: "Save and open to votes" }).click();
    await sees(ana, "Edited. Votes begin anew.");
    await sees(ana, /From version 2 of the tool/);
  });

  it("withdraws it; nobody else may, and nobody edits another's", async () => {
    const id = await propose("unwanted");
    await ben.go(`/proposals/${id}`);
    expect(await ben.page.getByText("Withdraw").count()).toBe(0);
    await ben.page.goto(`${ben.base}/proposals/${id}/edit`);
    await sees(ben, "Only ana, its author, may edit this proposal.");
    await ana.go(`/proposals/${id}`);
    await ana.page.getByText("Withdraw it").click();
    await ana.page.getByLabel("Reason").fill("Not needed.");
    await ana.page.getByRole("button", { name: "Withdraw" }).click();
    await sees(ana, "It is withdrawn.");
    await sees(ana, "Not needed.");
    expect(await stateOf(id)).toBe("withdrawn");
  });
});

describe("the queue", () => {
  it("shows open ones first, keeps its filters in the address, and follows what others do", async () => {
    const { page } = ben;
    await ben.go("/proposals");
    await expectSound(ben);
    expect(await page.getByRole("heading", { level: 2 }).allTextContents()).toEqual(["Open", "Settled lately"]);
    await propose("just_now");
    await sees(ben, "New tool just_now");
    await page.getByLabel("Waits for my vote").check();
    await page.waitForURL("**/proposals?*mine=vote*");
    await page.getByRole("heading", { name: "For your vote" }).waitFor();
    await page.getByLabel("Kind").selectOption("function");
    await sees(ben, "Nothing waits for your vote");
    expect(new URL(page.url()).searchParams.get("kind")).toBe("function");
    await page.reload();
    await sees(ben, "Nothing waits for your vote");
    await ben.go("/proposals?state=withdrawn&author=ana");
    expect(await page.locator("#queue .what").allTextContents()).toEqual(["New tool unwanted"]);
  });

  it("is read by a viewer, who neither votes nor comments", async () => {
    const vic = await visit(browser, server, { name: "Vic", role: "viewer", team });
    const id = await propose("for_all");
    await vic.go(`/proposals/${id}`);
    await vic.page.getByRole("heading", { name: "Discussion" }).waitFor();
    expect(await vic.page.getByRole("button", { name: /Vote|Say it/ }).count()).toBe(0);
    await vic.page.goto(`${vic.base}/proposals/prop_none`);
    await sees(vic, "There is no proposal prop_none.");
    await vic.context.close();
  });
});

describe("suggestions", () => {
  it("are proposed with a name of one's own, or put away", async () => {
    const dataset = await api("/datasets/numbers", { method: "PUT", body: JSON.stringify([{ n: 1 }, { n: 2 }]) });
    expect(dataset.status).toBeLessThan(300);
    const repeat = async (query: (at: number) => string) => {
      for (let at = 1; at <= 10; at++) {
        const body = JSON.stringify({ dataset: "numbers", query: query(at) });
        expect((await api("/query", { method: "POST", body })).status).toBe(200);
      }
    };
    await repeat((at) => `map(.n) | add + ${at}`);
    await repeat((at) => `length * ${at}`);
    await expect.poll(async () => ((await (await api("/suggestions")).json()) as { total: number }).total).toBe(2);
    const { page } = ben;
    await ben.go("/proposals/suggestions");
    await expectSound(ben);
    await page.getByRole("link", { name: "map(.n) | add + $p1" }).click();
    await page.getByRole("heading", { name: "Propose it" }).waitFor();
    await expectSound(ben);
    await page.getByLabel("Name").fill("total_plus");
    await page.getByRole("button", { name: "Propose", exact: true }).click();
    await sees(ben, "Proposed. Those who may vote are told.");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("New tool total_plus");
    await ben.go("/proposals/suggestions");
    await page.getByRole("link", { name: "length * $p1" }).click();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await sees(ben, "Dismissed. It comes back once it was run twice as often as now.");
    await sees(ben, "No suggestions");
  });
});
