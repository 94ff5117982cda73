// The dashboard's pages as a browser meets them for the first time: first contentful paint and compressed weight, against local `npm start`.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { ensureChromium } from "../scripts/ensure-chromium.mjs";
import { freePort, median } from "./measure.mjs";

const rounds = 7;
/** Pages below a team's address, the heaviest of each kind. */
const pages = [
  "",
  "/datasets",
  "/datasets/orders",
  "/tables",
  "/library",
  "/library/tools/monthly_revenue",
  "/library/tools/new",
  "/playground",
  "/proposals",
  "/activity",
  "/monitoring",
  "/people",
  "/settings",
];

/** One row a page: medians of first contentful paint with an empty cache, and the gzip size of all that it loads. */
export async function benchPages() {
  const persist = mkdtempSync(join(tmpdir(), "super-data-bench-"));
  const child = spawn(
    process.execPath,
    ["scripts/start.mjs", "--port", String(await freePort()), "--persist", persist, "--json"],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let browser;
  try {
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { team, owner_link: link } = JSON.parse(line);
    browser = await chromium.launch({ executablePath: ensureChromium(), args: ["--no-sandbox"] });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await signIn(context, link);
    const base = `${new URL(link).origin}/t/${team}`;
    const rows = [];
    for (const path of pages) rows.push(await measurePage(context, base, path));
    return rows;
  } finally {
    await browser?.close();
    child.kill("SIGTERM");
    await once(child, "exit");
    rmSync(persist, { recursive: true, force: true });
  }
}

async function signIn(context, link) {
  const page = await context.newPage();
  await page.goto(link);
  await page.locator("#link-name").fill("Bench Example");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForLoadState("networkidle");
  await page.close();
}

async function measurePage(context, base, path) {
  const paints = [];
  let weight = 0;
  // The first load of a page compiles what serves it; it is not among those that count.
  for (let round = 0; round <= rounds; round++) {
    const page = await context.newPage();
    const devTools = await context.newCDPSession(page);
    await devTools.send("Network.clearBrowserCache");
    const bodies = [];
    page.on("response", (response) => bodies.push(response));
    const response = await page.goto(base + path);
    if (response?.status() !== 200) throw new Error(`${path}: ${response?.status()}`);
    await page.waitForTimeout(700);
    const paint = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint").at(0)?.startTime ?? Number.NaN,
    );
    if (round > 0) paints.push(paint);
    const sizes = await Promise.all(
      bodies.map((each) =>
        each.body().then(
          (body) => gzipSync(body).length,
          () => 0,
        ),
      ),
    );
    weight = sizes.reduce((sum, size) => sum + size, 0);
    await page.close();
  }
  return {
    name: `page ${path === "" ? "/ (home)" : path}`,
    measured: `first paint ${Math.round(median(paints))} ms, ${Math.round(weight / 1024)} KiB gzip`,
    compared: "goal 300 ms, 150 KiB",
  };
}

function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
}

if (process.argv[1] === import.meta.filename)
  console.log((await benchPages()).map((row) => Object.values(row).join(" | ")).join("\n"));
