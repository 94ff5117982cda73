// Datasets in a real browser: a file from the choice to the version that is restored, and what goes wrong on the way. Runs in Node.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createTeam, rest } from "../helpers/clients.ts";
import { launch, type Role, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const files = mkdtempSync(join(tmpdir(), "uploads-"));
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  rmSync(files, { recursive: true, force: true });
});

type Team = Awaited<ReturnType<typeof createTeam>>;

async function newTeam(): Promise<{ team: Team; name: string }> {
  const name = `data-${crypto.randomUUID().slice(0, 8)}`;
  return { team: await createTeam(server, name), name };
}

const visiting = (name: string, who: string, role: Role = "member"): Promise<Visitor> =>
  visit(browser, server, { name: who, role, team: name });

function file(name: string, content: string | Buffer): string {
  const path = join(files, name);
  writeFileSync(path, content);
  return path;
}

const put = (team: Team, name: string, content: string) =>
  rest(team, `/datasets/${name}`, {
    method: "PUT",
    body: content,
    headers: { "content-type": "application/x-ndjson" },
  });

async function isClean(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe(), `${visitor.page.url()} in ${colorScheme}`).toEqual([]);
  }
  expect([visitor.complaints, visitor.outside]).toEqual([[], []]);
}

/** Chooses a file and waits until it is shown what it is. */
async function choose(page: Page, path: string): Promise<void> {
  await page.locator("#upload-file").waitFor();
  await page.setInputFiles("#upload-file", path);
  await page.locator("#check-title").waitFor();
}

async function upload(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await page.locator("#done-title").waitFor();
  return (await page.locator('[data-part="result"]').textContent()) ?? "";
}

const stats = (page: Page): Promise<string[]> => page.locator("dl.stats dd").allTextContents();

describe("a dataset", () => {
  it("is uploaded, replaced, compared, restored, deleted and brought back", async () => {
    const { name } = await newTeam();
    const visitor = await visiting(name, "Uploading Person");
    const { page, go } = visitor;
    await go("/datasets");
    expect(await page.locator(".empty-title").textContent()).toBe("The team has no datasets yet");
    await isClean(visitor);
    await page.getByRole("link", { name: "Upload the first file" }).click();
    await page.waitForURL("**/datasets/-/upload");
    const rows = Array.from({ length: 30 }, (_, index) => `${index},Name ${index},${index}.5\n`);
    await choose(page, file("My Orders.csv", `id;name;amount\n${rows.join("").replaceAll(",", ";")}`));
    expect(await page.locator('[data-part="file"]').textContent()).toBe(
      "My Orders.csv, 465 B: 30 records, separated by semicolons.",
    );
    expect(await page.getByLabel("Name", { exact: true }).first().inputValue()).toBe("my_orders");
    expect(await page.getByRole("region", { name: "Fields" }).locator("tbody tr").allTextContents()).toEqual([
      "idnumber100%0, 1, 2",
      'namestring100%"Name 0", "Name 1", "Name 2"',
      "amountnumber100%0.5, 1.5, 2.5",
    ]);
    await isClean(visitor);
    await page.locator("#upload-description").fill("Orders of the year");
    expect(await upload(page)).toBe("my_orders is now version 1: 30 records.");
    await isClean(visitor);
    await page.getByRole("link", { name: "Open the dataset" }).click();
    await page.waitForURL("**/datasets/my_orders");
    expect(await stats(page)).toEqual(["30", expect.stringMatching(/KiB$/), "1", "CSV"]);
    await isClean(visitor);

    await page.getByRole("link", { name: "Upload a new version" }).click();
    await page.waitForURL("**name=my_orders");
    const changed = [...rows.slice(1), "40,New,1\n"].join("").replace("Name 3,", "Name three,");
    await choose(page, file("again.csv", `id,name,amount\n${changed}`));
    await page.getByText("The upload becomes version 2; version 1 can be restored.").waitFor();
    expect(await page.locator("#upload-description").inputValue()).toBe("Orders of the year");
    expect(await upload(page)).toBe("my_orders is now version 2: 30 records.");

    await go("/datasets/my_orders/versions");
    await isClean(visitor);
    await page.getByRole("link", { name: "What changed in version 2" }).click();
    await page.waitForURL("**/compare?from=1&to=2");
    expect(await stats(page)).toEqual(["1", "1", "1", "28"]);
    expect(await page.getByRole("region", { name: "Changed records" }).locator("tbody tr").allTextContents()).toEqual([
      '3name"Name 3""Name three"',
    ]);
    await isClean(visitor);
    await go("/datasets/my_orders/versions");
    await page.getByRole("button", { name: "Restore version 1" }).click();
    await page.locator("#done").waitFor();
    expect(await page.getByRole("region", { name: "Versions" }).locator("tbody tr").count()).toBe(3);

    await go("/datasets/my_orders");
    await page.getByText("Delete the dataset …").click();
    await page.getByRole("button", { name: "Delete my_orders" }).click();
    await page.getByText("Deleted my_orders.").waitFor();
    expect(await page.locator(".empty-title").textContent()).toBe("The team has no datasets yet");
    await isClean(visitor);
    await page.getByRole("button", { name: "Undo the deletion of my_orders" }).click();
    await page.getByText("The dataset is back.").waitFor();
    expect(await page.getByRole("link", { name: "my_orders" }).count()).toBe(1);
  }, 120_000);

  it("that was deleted is brought back from the list, later", async () => {
    const { name, team } = await newTeam();
    await put(team, "old", "1\n");
    await rest(team, "/datasets/old", { method: "DELETE" });
    const visitor = await visiting(name, "Late Person");
    await visitor.go("/datasets/-/deleted");
    await isClean(visitor);
    await visitor.page.getByRole("button", { name: "Bring back old" }).click();
    await visitor.page.waitForURL("**/datasets/old?done=restored");
    expect(await stats(visitor.page)).toEqual(["1", "2 B", "1", "NDJSON"]);
  });

  it("shows up and changes for somebody else who has the page open", async () => {
    const { name, team } = await newTeam();
    const watching = await visiting(name, "Watching Person", "viewer");
    await watching.go("/datasets");
    expect(await watching.page.getByRole("link", { name: "Upload a file" }).count()).toBe(0);
    await watching.page.getByText("Live", { exact: true }).waitFor();
    await put(team, "fresh", "1\n");
    await watching.page.getByRole("link", { name: "fresh" }).click();
    await watching.page.waitForURL("**/datasets/fresh");
    await put(team, "fresh", "1\n2\n3\n");
    await watching.page.locator("dl.stats dd", { hasText: /^3$/ }).waitFor();
    expect(await watching.page.getByRole("heading", { name: "Delete" }).count()).toBe(0);
    const refused = await watching.page.goto(`${watching.base}/datasets/-/upload`);
    expect([refused?.status(), await watching.page.locator("h1").textContent()]).toEqual([403, "This is not allowed"]);
    await isClean(watching);
    const missing = await watching.page.goto(`${watching.base}/datasets/nope`);
    expect([missing?.status(), await watching.page.locator("h1").textContent()]).toEqual([404, "Nothing is here"]);
  });

  it("whose names and values look like markup is shown as text", async () => {
    const { name, team } = await newTeam();
    const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const record = JSON.stringify({ id: 1, [evil]: evil });
    await rest(team, `/datasets/d?description=${encodeURIComponent(evil)}`, {
      method: "PUT",
      body: `${record}\n`,
      headers: { "content-type": "application/x-ndjson" },
    });
    await put(team, "d", `${JSON.stringify({ id: 1, [evil]: `${evil}2` })}\n`);
    const visitor = await visiting(name, "Careful Person");
    for (const path of ["/datasets", "/datasets/d", "/datasets/d/versions", "/datasets/d/compare"]) {
      await visitor.go(path);
      expect(await visitor.page.locator("main img, main script").count(), path).toBe(0);
    }
    await visitor.go("/datasets/-/upload");
    await choose(visitor.page, file("evil.ndjson", `${record}\n`));
    expect(await visitor.page.locator("main img, main script").count()).toBe(0);
    expect(await visitor.page.title()).toMatch(/^Upload a dataset/);
    await isClean(visitor);
  });

  it("is read, and made of pasted text, without scripts", async () => {
    const { name, team } = await newTeam();
    await put(team, "d", '{"id":1}\n');
    const { context, base } = await visiting(name, "Plain Person");
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
    const page = await plain.newPage();
    await page.goto(`${base}/datasets`);
    await page.getByRole("link", { name: "d", exact: true }).click();
    expect(await stats(page)).toEqual(["1", "9 B", "1", "NDJSON"]);
    await page.goto(`${base}/datasets/-/upload`);
    expect(await page.locator("dataset-upload").isVisible()).toBe(false);
    const paste = page.getByRole("form", { name: "Paste data" });
    await paste.getByLabel("Name").fill("pasted");
    await paste.getByLabel("Data").fill("a,b\n1,2,3\n");
    await paste.getByRole("button", { name: "Create the dataset" }).click();
    expect(await page.getByRole("alert").textContent()).toContain(
      "Line 2: the row has 3 cells where the header has 2.",
    );
    expect(await paste.getByLabel("Data").inputValue()).toBe("a,b\n1,2,3\n");
    await paste.getByLabel("Data").fill("a,b\n1,2\n");
    await paste.getByRole("button", { name: "Create the dataset" }).click();
    await page.waitForURL("**/datasets/pasted?done=uploaded");
    await plain.close();
  });
});

describe("an upload", () => {
  it("of a file that would be refused says why and where, before anything is sent", async () => {
    const { name, team } = await newTeam();
    const visitor = await visiting(name, "Wrong Person");
    const { page, go } = visitor;
    await go("/datasets/-/upload");
    await choose(page, file("bad.csv", "a,b\n1,2\n1,2,3\n"));
    expect(await page.locator('[data-part="refusal-text"]').textContent()).toBe(
      "The upload would be refused. Line 3: the row has 3 cells where the header has 2. Give every row as many cells as the header; quote cells that hold the delimiter.",
    );
    expect(await page.getByRole("button", { name: "Upload", exact: true }).isDisabled()).toBe(true);
    await isClean(visitor);
    await page.getByRole("button", { name: "Choose another file" }).click();
    await choose(page, file("book.xlsx", Buffer.from([0x50, 0x4b, 3, 4, 0, 0])));
    expect(await page.locator('[data-part="refusal-text"]').textContent()).toContain(
      "The file is a ZIP archive or an Excel workbook, which is not uploaded as it is.",
    );
    await page.getByRole("button", { name: "Choose another file" }).click();
    const late = `${'{"a":1}\n'.repeat(50_000)}{oops\n`;
    await choose(page, file("late.ndjson", late));
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.locator('[data-part="problem-text"]').waitFor();
    expect(await page.locator('[data-part="problem-text"]').textContent()).toContain("Line 50001, column 2");
    const list = (await (await rest(team, "/datasets")).json()) as { total: number };
    expect([list.total, await page.locator("#check-title").isVisible()]).toEqual([0, true]);
    await isClean(visitor);
  });

  it("goes on after the connection was lost, and where it was after the page was left", async () => {
    const { name } = await newTeam();
    const { page, go } = await visiting(name, "Unlucky Person");
    const record = `{"text":"${"x".repeat(500)}"}\n`;
    const large = file("large.ndjson", record.repeat(40_000));
    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "PUT") sent.push(request.url().split("/").at(-1) ?? "");
    });
    let isCut = true;
    await page.route("**/parts/2", (route) => (isCut ? route.abort("connectionreset") : route.continue()));
    await go("/datasets/-/upload");
    await choose(page, large);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByText("The connection is lost.", { exact: false }).waitFor();
    page.on("dialog", (dialog) => void dialog.accept());
    await go("/datasets/-/upload");
    await choose(page, large);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByText("The connection is lost.", { exact: false }).waitFor();
    isCut = false;
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator("#done-title").waitFor();
    expect(await page.locator('[data-part="result"]').textContent()).toBe("large is now version 1: 40,000 records.");
    expect([sent.filter((part) => part === "1").length, sent.at(-1)]).toEqual([1, "3"]);
  }, 120_000);

  it("can be cancelled and leaves nothing", async () => {
    const { name, team } = await newTeam();
    const { page, go } = await visiting(name, "Hesitant Person");
    await page.route("**/parts/1", (route) => route.abort("connectionreset"));
    await go("/datasets/-/upload");
    await choose(page, file("small.csv", "a\n1\n"));
    const ended = page.waitForResponse((response) => response.request().method() === "DELETE");
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByText("The connection is lost.", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect((await ended).status()).toBe(204);
    expect(await page.locator("#check-title").isVisible()).toBe(true);
    expect(((await (await rest(team, "/datasets")).json()) as { total: number }).total).toBe(0);
  });

  it("does not go over what somebody else uploaded meanwhile, unless that is wanted", async () => {
    const { name, team } = await newTeam();
    await put(team, "shared", "1\n");
    const { page, go } = await visiting(name, "Slower Person");
    let isFirst = true;
    await page.route("**/complete", async (route) => {
      if (isFirst) await put(team, "shared", "1\n2\n");
      isFirst = false;
      await route.continue();
    });
    await go("/datasets/-/upload?name=shared");
    await choose(page, file("mine.csv", "a\n1\n2\n3\n"));
    await page.getByText("The upload becomes version 2", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByText("Somebody else uploaded under this name meanwhile", { exact: false }).waitFor();
    expect(await (await rest(team, "/datasets/shared/content")).text()).toBe("1\n2\n");
    await page.getByRole("button", { name: "Replace it" }).click();
    await page.locator("#done-title").waitFor();
    expect(await page.locator('[data-part="result"]').textContent()).toBe("shared is now version 3: 3 records.");
  });
});
