// The playground in a real browser: jq and SQL run, charted, shared, cancelled, and refused where they should be. Runs in Node.
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTeam, rest } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const name = `play-${crypto.randomUUID().slice(0, 8)}`;
let browser: Browser;
let team: Awaited<ReturnType<typeof createTeam>>;
let ada: Visitor;

const months = Array.from({ length: 12 }, (_, at) => ({
  month: `2025-${String(at + 1).padStart(2, "0")}`,
  revenue: 100 + at * 10,
  note: at === 0 ? "<b>bold</b> \u202Eback" : `n${at}`,
}));

async function send(method: string, path: string, body: unknown): Promise<void> {
  const headers = { "content-type": path.startsWith("/datasets") ? "application/x-ndjson" : "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await rest(team, path, { method, headers, body: text });
  expect(answer.status, `${path} ${await answer.text()}`).toBeLessThan(300);
}

beforeAll(async () => {
  browser = await launch();
  team = await createTeam(server, name);
  await send("PUT", "/datasets/months", months.map((month) => JSON.stringify(month)).join("\n"));
  await send("PUT", "/datasets/secret", '{"a":1}');
  await send("PUT", "/visibility/dataset/secret", { visibility: "admin" });
  await send("POST", "/tables", { table_name: "notes", schema: { text: "text" } });
  ada = await visit(browser, server, { name: "Ada Analyst", role: "member", team: name });
}, 120_000);

afterAll(() => browser.close());

async function expectSound(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe(), visitor.page.url()).toEqual([]);
  }
  expect([visitor.complaints, visitor.outside]).toEqual([[], []]);
}

/** Writes into the editor as a person does. */
async function write({ page }: Visitor, text: string): Promise<void> {
  await page.locator("jq-editor .cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

const result = ({ page }: Visitor) => page.locator("#result");
const tab = (visitor: Visitor, view: string) => result(visitor).getByRole("link", { name: view, exact: true });

it("teaches in an empty state, and runs an example with one click", async () => {
  await ada.go("/playground");
  expect(await result(ada).locator("li").first().textContent()).toBe(
    "Choose what to read and write jq: . is the data, | goes on with it.",
  );
  await expectSound(ada);
  await ada.page.getByLabel("Reads").selectOption("months");
  await ada.page.locator("#guide").getByRole("heading", { name: "months" }).waitFor();
  expect(await ada.page.getByLabel("Reads").locator("option").allTextContents()).toEqual([
    "Choose data",
    "months",
    "notes",
  ]);
  await ada.page.locator("#guide").getByRole("link", { name: "revenue by month" }).click();
  await ada.page.locator("#chart svg").first().waitFor();
  expect(await result(ada).locator("figcaption").textContent()).toBe("sum of revenue by month");
  await expectSound(ada);
});

it("runs jq by the keyboard into a table, with the text and the rest of the page as they were", async () => {
  await ada.go("/playground?dataset=months");
  await write(ada, ".[:2][] | {month, note}");
  await ada.page.keyboard.press("ControlOrMeta+Enter");
  await result(ada).locator("table").waitFor();
  expect(await result(ada).locator("thead th").allTextContents()).toEqual(["month", "note"]);
  // What data holds is text, whatever it looks like.
  expect(await result(ada).locator("tbody tr").first().locator("td").allTextContents()).toEqual([
    "2025-01",
    "<b>bold</b> \u202Eback",
  ]);
  expect(await ada.page.locator("#q").inputValue()).toBe(".[:2][] | {month, note}");
  expect(new URL(ada.page.url()).search).toBe("?dataset=months&q=.%5B%3A2%5D%5B%5D+%7C+%7Bmonth%2C+note%7D");
  await expectSound(ada);

  await write(ada, ".[0].note");
  await tab(ada, "JSON").click();
  await result(ada).locator("#result-text").waitFor();
  expect(await result(ada).locator("#result-text").textContent()).toContain('"month": "2025-01"');
  // A view of the result leaves alone what is being written.
  expect(await ada.page.locator("#q").inputValue()).toBe(".[0].note");
  await ada.page.goBack();
  await result(ada).locator("table").waitFor();
  expect(new URL(ada.page.url()).searchParams.has("view")).toBe(false);
});

it("charts a result as one wishes, and says why where it cannot", async () => {
  await ada.go("/playground?dataset=months&q=.[]&view=chart");
  expect(await result(ada).locator("figcaption").textContent()).toBe("sum of revenue by month");
  await result(ada).getByLabel("Kind").selectOption("histogram");
  await ada.page.waitForURL("**kind=histogram**");
  await ada.page.waitForFunction(() => !document.querySelector("#result figcaption")?.textContent?.includes(" by "));
  await result(ada).getByLabel("Along").selectOption("revenue");
  await ada.page.waitForURL("**x=revenue**");
  await result(ada)
    .locator("figcaption", { hasText: /^revenue$/ })
    .waitFor();
  await result(ada).getByText("The numbers").click();
  expect(await result(ada).getByRole("table").locator("thead th").allTextContents()).toEqual(["revenue", "rows"]);
  await expectSound(ada);
  await ada.go("/playground?dataset=months&q=.[0]&view=chart");
  expect(await result(ada).locator(".empty").textContent()).toContain("There is one row; a chart compares several.");
});

it("marks what is wrong where it is, and keeps what was written", async () => {
  await ada.go("/playground?dataset=months");
  await write(ada, ".[]\n| {month, revenu: nothing_here}");
  await ada.page.keyboard.press("ControlOrMeta+Enter");
  await result(ada).locator("#problem").waitFor();
  expect(await result(ada).locator("#problem strong").textContent()).toContain("line 2, column 19");
  expect(await result(ada).locator("mark").textContent()).toBe("n");
  await ada.page.locator("jq-editor [role=status]").getByText("Line 2, column 19").first().waitFor();
  await expectSound(ada);
  await ada.go(`/playground?lang=sql&q=${encodeURIComponent("SELECT revenu FROM months")}`);
  expect(await result(ada).locator("#problem strong").textContent()).toBe(
    'There is no column "revenu" at line 1, column 8.',
  );
  await expectSound(ada);
});

it("ends a program without an end at its limit, and says which", async () => {
  await ada.go("/playground?dataset=months");
  await write(ada, "[repeat(1)]");
  await ada.page.keyboard.press("ControlOrMeta+Enter");
  await result(ada).locator("#problem").waitFor({ timeout: 60_000 });
  expect(await result(ada).locator("#problem").textContent()).toContain(
    "The program needs more than the 83886080 bytes of memory a run may use.",
  );
  expect(await ada.page.locator("#q").inputValue()).toBe("[repeat(1)]");
}, 90_000);

it("lets go of a run that is cancelled, and runs the next", async () => {
  await ada.go("/playground?dataset=months");
  await ada.page.route("**/playground?*", async (route) => {
    // As long as nothing answers, the run is under way.
    if (route.request().url().includes("never")) return;
    await route.continue();
  });
  await write(ada, '"never"');
  await ada.page.keyboard.press("ControlOrMeta+Enter");
  const gone = ada.page.waitForEvent("requestfailed");
  await ada.page.getByRole("button", { name: "Cancel" }).click();
  expect((await gone).failure()?.errorText).toBe("net::ERR_ABORTED");
  expect(await result(ada).textContent()).toBe(
    "Cancelled.The server stops the work at its next piece of data. What you wrote is still here.",
  );
  expect(await ada.page.getByRole("button", { name: "Cancel" }).isVisible()).toBe(false);
  await write(ada, "length");
  await ada.page.keyboard.press("ControlOrMeta+Enter");
  await result(ada).locator("table").waitFor();
  expect(await result(ada).locator("tbody").textContent()).toBe("12");
  await ada.page.unroute("**/playground?*");
  expect([ada.complaints, ada.outside]).toEqual([[], []]);
});

it("downloads all rows, keeps them as a frame, and offers to make a tool", async () => {
  await ada.go("/playground?dataset=months&q=.[]|{month,revenue}&rows=25");
  const downloading = ada.page.waitForEvent("download");
  await result(ada).getByRole("link", { name: "Download CSV" }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toBe("months-result.csv");
  expect(
    readFileSync(await file.path(), "utf8")
      .split("\r\n")
      .slice(0, 2),
  ).toEqual(["month,revenue", "2025-01,100"]);
  await result(ada).getByText("Keep all rows as a frame").click();
  await result(ada).getByLabel("Name").fill("kept_months");
  await result(ada).getByRole("button", { name: "Keep", exact: true }).click();
  await result(ada).locator(".notice").waitFor();
  expect(await result(ada).locator(".notice").textContent()).toBe("All rows are kept as the frame kept_months.");
  const frame = (await (await rest(team, "/frames/kept_months")).json()) as { rows: number };
  expect(frame.rows).toBe(12);
  const tool = await result(ada)
    .getByRole("link", { name: /as a tool$/ })
    .getAttribute("href");
  expect(new URL(tool ?? "", ada.base).searchParams.get("query")).toBe(".[]|{month,revenue}");
});

it("changes rows only by a button, after a look at how many", async () => {
  const q = "INSERT INTO notes (text) VALUES ('a'), ('b')";
  const count = async (): Promise<number> =>
    ((await (await rest(team, "/tables/notes/records")).json()) as { total: number }).total;
  await ada.go(`/playground?lang=sql&q=${encodeURIComponent(q)}`);
  expect(await result(ada).textContent()).toContain("Nothing was run yet");
  await expectSound(ada);
  await result(ada).getByRole("button", { name: "Try it" }).click();
  await result(ada).getByText("It would change 2 records of notes. Nothing was changed.").waitFor();
  expect(await count()).toBe(0);
  await result(ada).getByRole("button", { name: "Run the change" }).click();
  await result(ada).getByText("Changed 2 records of notes.").waitFor();
  expect(await count()).toBe(2);
});

it("shares by a link: another person sees it with their own rights, also without JavaScript", async () => {
  await ada.go("/playground?dataset=months&q=.[0].month&view=raw");
  await result(ada).getByText("Link to this").click();
  const link = (await result(ada).locator("#share-link").textContent()) ?? "";
  expect(new URL(link).search).toBe("?dataset=months&q=.%5B0%5D.month&read=whole&view=raw");
  const vera = await visit(browser, server, { name: "Vera Viewer", role: "viewer", team: name });
  await vera.page.goto(link);
  expect(await result(vera).locator("#result-text").textContent()).toBe("2025-01");
  expect(await vera.page.locator("#q").inputValue()).toBe(".[0].month");
  await vera.go(`/playground?lang=sql&q=${encodeURIComponent("DELETE FROM notes")}`);
  expect(await result(vera).textContent()).toContain("you may only read here. Nothing was run.");
  expect(await result(vera).getByRole("button", { name: "Run the change" }).count()).toBe(0);

  const cookies = await vera.context.cookies();
  const plain = await browser.newContext({ javaScriptEnabled: false });
  await plain.addCookies(cookies);
  const page = await plain.newPage();
  await page.goto(link);
  expect(await page.locator("#result #result-text").textContent()).toBe("2025-01");
  await page.locator("#q").fill("length");
  await page.getByRole("button", { name: "Run Ctrl Enter" }).click();
  expect(await page.locator("#result #result-text").textContent()).toBe("12");
  await plain.close();
  await vera.context.close();
});

it("says nothing of a dataset that is hidden from whoever opens the link", async () => {
  const said: (string | null)[] = [];
  for (const dataset of ["secret", "no_such_thing"]) {
    const response = await ada.page.goto(`${ada.base}/playground?dataset=${dataset}&q=.`);
    expect(response?.status()).toBe(404);
    said.push(((await result(ada).locator("#problem").textContent()) ?? "").replaceAll(dataset, "X"));
    expect(await ada.page.locator("#guide").getByRole("heading", { name: dataset }).count()).toBe(0);
  }
  expect(said[0]).toBe(said[1]);
  expect(said[0]).toContain('There is no table, frame or dataset "X".');
  expect(await ada.page.getByLabel("Reads").locator("optgroup option").allTextContents()).not.toContain("secret");
});

it("runs a query that no address holds, and says that it has no link", async () => {
  await ada.go("/playground?dataset=months");
  await write(ada, `length # ${"long ".repeat(2_000)}`);
  await ada.page.keyboard.press("ControlOrMeta+Enter");
  await result(ada).locator("table").waitFor();
  expect(await result(ada).locator("tbody").textContent()).toBe("12");
  expect(new URL(ada.page.url()).search).toBe("?dataset=months");
  await result(ada).getByText("Link to this").click();
  expect(await result(ada).locator("#share").textContent()).toContain("This query has no link");
  await result(ada).getByRole("button", { name: "JSON", exact: true }).click();
  await result(ada).locator("#result-text").waitFor();
  expect(await result(ada).locator("#result-text").textContent()).toBe("12");
});

it("offers one's own last queries again, and what was being written", async () => {
  await ada.go("/playground?dataset=months&q=map(.revenue)|add");
  await ada.go("/playground?dataset=months");
  await ada.page.locator("#guide .recent").getByRole("link", { name: "map(.revenue)|add" }).first().click();
  await ada.page.waitForURL("**q=map**");
  expect(await result(ada).locator("tbody").textContent()).toBe("1860");
  await write(ada, "not finished");
  await ada.go("/people");
  await ada.go("/playground?dataset=months");
  await expect.poll(() => ada.page.locator("#q").inputValue()).toBe("not finished");
});

it("refuses forms from elsewhere and whoever is not signed in", async () => {
  const action = new URLSearchParams({ action: "write", lang: "sql", q: "DELETE FROM notes" });
  const cookie = (await ada.context.cookies()).map(({ name: key, value }) => `${key}=${value}`).join("; ");
  const headers = { cookie, origin: "https://elsewhere.example", "sec-fetch-site": "cross-site", accept: "text/html" };
  const forged = await fetch(`${ada.base}/playground`, { method: "POST", body: action, headers });
  expect(forged.status).toBe(403);
  const stranger = await fetch(`${ada.base}/playground?q=.`, { headers: { accept: "text/html" }, redirect: "manual" });
  expect(stranger.status).toBe(303);
  expect(((await (await rest(team, "/tables/notes/records")).json()) as { total: number }).total).toBe(2);
});
