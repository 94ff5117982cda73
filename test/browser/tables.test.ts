// Tables and frames in a real browser: rows filtered, sorted and paged, and what is dropped. Runs in Node.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTeam, rest } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const name = `tables-${crypto.randomUUID().slice(0, 8)}`;
let browser: Browser;
let visitor: Visitor;

beforeAll(async () => {
  browser = await launch();
  const team = await createTeam(server, name);
  const post = async (path: string, body: object): Promise<void> => {
    const answer = await rest(team, path, { method: "POST", body: JSON.stringify(body) });
    expect(answer.status, await answer.text()).toBeLessThan(300);
  };
  await post("/tables", {
    table_name: "people",
    schema: { id: "int", name: "text", note: "text" },
    full_text: ["note"],
  });
  const data = Array.from({ length: 120 }, (_, id) => ({
    id,
    name: id === 7 ? "<b>Bold</b>" : `Person ${id}`,
    note: id % 2 === 0 ? null : "likes tea",
  }));
  await post("/tables/people/records", { data });
  await post("/sql", { query: "select id, name from people where id < 70", to_frame: "few" });
  visitor = await visit(browser, server, { name: "Table Person", role: "member", team: name });
}, 120_000);

afterAll(() => browser.close());

async function isClean(): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe(), visitor.page.url()).toEqual([]);
  }
  expect([visitor.complaints, visitor.outside]).toEqual([[], []]);
}

const rows = (): Promise<string[]> =>
  visitor.page.getByRole("region", { name: /^Rows/ }).locator("tbody tr").allTextContents();

it("shows a table's rows as the address says", async () => {
  const { page, go, base } = visitor;
  await go("/tables");
  await isClean();
  await page.getByRole("link", { name: "people", exact: true }).click();
  await page.waitForURL("**/tables/people");
  expect([(await rows()).length, (await rows())[7]]).toEqual([50, "7<b>Bold</b>likes tea"]);
  await isClean();
  await page.locator("table.data th a").first().click();
  await page.waitForURL("**?sort=id");
  await page.locator("table.data th a").first().click();
  await page.waitForURL("**?sort=-id");
  expect((await rows())[0]).toBe("119Person 119likes tea");
  await page.getByRole("link", { name: "Next page" }).click();
  await page.waitForURL("**cursor=**");
  expect((await rows())[0]).toBe("69Person 69likes tea");
  await go("/tables/people");
  await page.getByLabel("Column", { exact: true }).selectOption("id");
  await page.getByLabel("Condition").selectOption("lt");
  await page.getByLabel("Value").fill("2");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL("**value=2**");
  expect(await rows()).toEqual(["0Person 0null", "1Person 1likes tea"]);
  await go("/tables/people?search=tea");
  expect(await page.getByRole("navigation", { name: "Pages" }).locator("p").textContent()).toBe("50 of 60 rows");
  await go("/tables/people?column=id&is=lt&value=abc");
  expect(await page.locator("main [role=alert]").textContent()).toContain("an int is a whole number of 64 bits");
  await isClean();
  const csv = await page.request.get(`${base}/api/v1/tables/people/content?format=csv`);
  expect([csv.status(), (await csv.text()).split("\n")[0]]).toEqual([200, "id,name,note"]);
});

it("pins and drops frames", async () => {
  const { page, go } = visitor;
  await go("/tables/-/frames");
  await isClean();
  await page.getByRole("link", { name: "few" }).click();
  await page.waitForURL("**/tables/-/frames/df_*");
  expect((await rows()).length).toBe(50);
  await page.getByRole("button", { name: "Pin few" }).click();
  await page.getByText("The frame is kept until it is unpinned or dropped.").waitFor();
  expect(await page.locator("dl.stats").textContent()).toContain("pinned");
  await isClean();
  await page.getByLabel("Drop few", { exact: true }).click();
  await page.getByRole("button", { name: "Drop it for good: Drop few" }).click();
  await page.getByText("The frame is dropped.").waitFor();
  expect(await page.locator(".empty-title").textContent()).toBe("The team has no frames");
});

it("drops a table once that is confirmed, and brings it back", async () => {
  const { page, go } = visitor;
  await go("/tables/people");
  await page.getByRole("button", { name: "Drop people" }).click();
  await page.getByText("This would drop the table people with 120 rows.").waitFor();
  await page.getByRole("button", { name: "Yes, do it" }).click();
  await page.waitForURL("**/tables?done=dropped");
  await isClean();
  await page.getByRole("button", { name: "Bring back people" }).click();
  await page.getByText("The table is back with its rows.").waitFor();
  expect(await page.getByRole("link", { name: "people", exact: true }).count()).toBe(1);
});
